// One matter, whatever its procedure: who, where it stands, which clocks run, what can be done now, and everything that it holds.
//
// Invariant: nothing here knows a procedure by name; stages, acts, papers and facts come from the definition that the server sends.
import { CopyOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Descriptions, Tabs } from "antd";
import { lazy, type ReactNode, Suspense } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useMatter, useProcedures } from "~/api/queries";
import type { Matter, Procedure } from "~/api/shapes";
import { Loading, Shown } from "~/parts/broken";
import { StatusTag } from "~/parts/matter-table";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import type { MessageKey } from "~/words/keys";
import { useWords } from "~/words/words";
import { ActBar } from "./act-bar";
import { ClockBar } from "./clock-bar";
import { Proposals } from "./proposals";
import { StageLine } from "./stage-line";
import "./matter.css";

export interface TabOf {
  matter: Matter;
  definition: Procedure;
}

/** The tabs, in the order in which a matter is read. */
const TABS: { key: string; words: MessageKey; of: React.ComponentType<TabOf> }[] = [
  {
    key: "summary",
    words: "matter.tab.summary",
    of: lazy(async () => ({ default: (await import("./tabs/summary")).SummaryTab })),
  },
  {
    key: "parties",
    words: "matter.tab.parties",
    of: lazy(async () => ({ default: (await import("./tabs/parties")).PartiesTab })),
  },
  {
    key: "evidence",
    words: "matter.tab.evidence",
    of: lazy(async () => ({ default: (await import("./tabs/evidence")).EvidenceTab })),
  },
  {
    key: "goods",
    words: "matter.tab.goods",
    of: lazy(async () => ({ default: (await import("./tabs/goods")).GoodsTab })),
  },
  {
    key: "matches",
    words: "matter.tab.matches",
    of: lazy(async () => ({ default: (await import("./tabs/matches")).MatchesTab })),
  },
  { key: "law", words: "matter.tab.law", of: lazy(async () => ({ default: (await import("./tabs/law")).LawTab })) },
  {
    key: "papers",
    words: "matter.tab.papers",
    of: lazy(async () => ({ default: (await import("./tabs/papers")).PapersTab })),
  },
  {
    key: "tasks",
    words: "matter.tab.tasks",
    of: lazy(async () => ({ default: (await import("./tabs/tasks")).TasksTab })),
  },
  {
    key: "sharing",
    words: "matter.tab.sharing",
    of: lazy(async () => ({ default: (await import("./tabs/sharing")).SharingTab })),
  },
  { key: "log", words: "matter.tab.log", of: lazy(async () => ({ default: (await import("./tabs/log")).LogTab })) },
];

export function Component() {
  const { id = "" } = useParams();
  const matter = useMatter(id);
  const procedures = useProcedures();
  return (
    <Shown of={matter}>
      {(seen) => (
        <Shown of={procedures}>
          {(all) => {
            const versions = all.filter((one) => one.id === seen.procedure);
            const definition = versions.find((one) => one.version === seen.procedure_version);
            return <Whole matter={seen} definition={definition} />;
          }}
        </Shown>
      )}
    </Shown>
  );
}

function Whole({ matter, definition }: { matter: Matter; definition: Procedure | undefined }) {
  const { t } = useWords();
  const { tab = "summary" } = useParams();
  const navigate = useNavigate();
  const title = matter.title || matter.number;
  if (!definition) {
    return (
      <Page title={title}>
        <Alert
          type="error"
          showIcon
          title={t("matter.no_procedure", { name: matter.procedure, version: matter.procedure_version })}
        />
      </Page>
    );
  }
  const isSketch = !matter.state;
  return (
    <Page title={title}>
      <div className="stack">
        <Head matter={matter} definition={definition} />
        {isSketch ? (
          <Alert type="info" showIcon title={t("matter.clocks_alone")} />
        ) : (
          <>
            <Proposals matter={matter} definition={definition} />
            <ActBar matter={matter} definition={definition} />
          </>
        )}
        <ClockBar clocks={matter.clocks} />
        {!isSketch && (
          <Card>
            <Tabs
              activeKey={TABS.some((one) => one.key === tab) ? tab : "summary"}
              onChange={(key) => navigate(key === "summary" ? `/matters/${matter.id}` : `/matters/${matter.id}/${key}`)}
              destroyOnHidden
              items={TABS.map(({ key, words, of: Of }) => ({
                key,
                label: t(words),
                children: (
                  <Suspense fallback={<Loading />}>
                    <Of matter={matter} definition={definition} />
                  </Suspense>
                ),
              }))}
            />
          </Card>
        )}
      </div>
    </Page>
  );
}

function Head({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick, money, instant } = useWords();
  const names = useNames();
  const { message } = App.useApp();
  const copy = async () => {
    await navigator.clipboard.writeText(matter.number);
    message.success(t("matter.copied"));
  };
  const items: { key: string; label: string; children: ReactNode }[] = [
    {
      key: "number",
      label: t("frame.matter.number"),
      children: (
        <span className="number">
          {matter.number}{" "}
          <Button
            size="small"
            type="text"
            icon={<CopyOutlined />}
            aria-label={t("matter.copy")}
            onClick={() => void copy()}
          />
        </span>
      ),
    },
    {
      key: "stage",
      label: t("frame.matter.stage"),
      children: (
        <>
          <StatusTag of={matter.status} /> {names.stage(matter.procedure, matter.stage, matter.procedure_version)}
        </>
      ),
    },
    {
      key: "procedure",
      label: t("frame.matter.procedure"),
      children: <Link to={`/procedures?id=${definition.id}`}>{pick(definition.name)}</Link>,
    },
    {
      key: "agency",
      label: t("frame.matter.agency"),
      children: `${names.agency(matter.owner_agency)}${matter.owner_unit ? ` · ${names.unit(matter.owner_agency, matter.owner_unit)}` : ""}`,
    },
  ];
  if (matter.handlers) {
    items.push({
      key: "handlers",
      label: t("frame.matter.handlers"),
      children:
        matter.handlers.map((one) => names.person(`${matter.owner_agency}/${one}`)).join("、") || t("matter.nobody"),
    });
  }
  if (matter.amount_fen != null)
    items.push({ key: "amount", label: t("frame.matter.amount"), children: money(matter.amount_fen) });
  items.push({
    key: "opened",
    label: t("matter.opened_at"),
    children: instant(matter.state?.opened ?? matter.opened_at),
  });
  if (matter.state?.parent) {
    items.push({
      key: "parent",
      label: t("matter.parent"),
      children: <Link to={`/matters/${matter.state.parent}`}>{t("matter.open_parent")}</Link>,
    });
  }
  return (
    <Card size="small">
      <Descriptions size="small" column={{ xs: 1, sm: 2, lg: 3, xl: 4 }} items={items} />
      <StageLine matter={matter} definition={definition} />
    </Card>
  );
}
