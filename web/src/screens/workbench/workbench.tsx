// The workbench: what waits for this person today, first what is nearest to its last day.
//
// What is shown follows from what the roles may do, so that a role that an agency makes for itself has a workbench too.
import { Button, Card, List, Statistic, Tag } from "antd";
import { Link } from "react-router";
import {
  useApprovals,
  useFilings,
  useIndicatorFigure,
  useMatters,
  useNotices,
  useProcedures,
  useSession,
  useTasks,
} from "~/api/queries";
import type { MatterRow } from "~/api/shapes";
import { can, filesOutside } from "~/app/navigation";
import { Empty, Shown } from "~/parts/broken";
import { DueOn, LightMark } from "~/parts/lights";
import { MatterLink, MatterTable } from "~/parts/matter-table";
import { useNames } from "~/parts/names";
import { useKindWords } from "~/parts/notice-kinds";
import { OpenMatter } from "~/parts/open-matter";
import { Page } from "~/parts/page";
import { FileOne, FilingTable } from "~/screens/filings/table";
import { lightOf } from "~/screens/notices/group";
import { today } from "~/words/format";
import type { MessageKey } from "~/words/keys";
import { useWords } from "~/words/words";
import "./workbench.css";

const SHOWN = 12;
const FIGURES: { id: string; words: MessageKey }[] = [
  { id: "matters-opened", words: "workbench.figure.opened" },
  { id: "matters-closed", words: "workbench.figure.closed" },
  { id: "transfers", words: "workbench.figure.transfers" },
  { id: "clocks-met-share", words: "workbench.figure.in_time" },
];

/** A day so many days from today. */
function dayFrom(days: number): string {
  return new Date(Date.parse(`${today()}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

export function Component() {
  const { t } = useWords();
  const { data: who } = useSession();
  if (!who) return null;
  const reads = can(who, "read");
  const isOutside = who.roles.some((role) => role === "right_holder" || role === "complainant" || role === "party");
  const files = filesOutside(who);
  const administers = can(who, "accounts") && !reads;
  const audits = can(who, "audit") && !reads;
  return (
    <Page
      title={t("workbench.title", { name: who.name })}
      actions={
        <>
          {can(who, "open") && !files && (
            <Link to="/intake">
              <Button type="primary">{t("frame.nav.intake")}</Button>
            </Link>
          )}
          <OpenMatter />
        </>
      }
    >
      <div className="stack">
        {(administers || audits) && <Installation administers={administers} audits={audits} />}
        {files && <Complaints />}
        {reads && !isOutside && <Lights />}
        {reads && !isOutside && <Approvals />}
        {reads && (
          <>
            <Mine isOutside={isOutside} isBeside={files} />
            <div className="grid-2">
              {!isOutside && <Tasks />}
              <News />
            </div>
            {!isOutside && <Inbox />}
          </>
        )}
        {can(who, "indicators") && <Figures />}
      </div>
    </Page>
  );
}

/** Counts by light, each a way to its list. */
function Lights() {
  const { t } = useWords();
  const past = useMatters({ due_before: today(), limit: 1 });
  const soon = useMatters({ due_before: dayFrom(4), limit: 1 });
  const all = useMatters({ status: "working", limit: 1 });
  const waiting = useMatters({ status: "waiting", limit: 1 });
  const count = (of: typeof past) => of.data?.count;
  const due =
    count(soon) !== undefined && count(past) !== undefined ? (count(soon) ?? 0) - (count(past) ?? 0) : undefined;
  const cards = [
    {
      key: "past",
      light: "red",
      words: "workbench.past",
      value: count(past),
      to: `/matters?due_before=${today()}&sort=due&direction=ascending`,
    },
    {
      key: "soon",
      light: "yellow",
      words: "workbench.soon",
      value: due,
      to: `/matters?due_before=${dayFrom(4)}&sort=due&direction=ascending`,
    },
    { key: "working", light: "green", words: "workbench.working", value: count(all), to: "/matters?status=working" },
    { key: "waiting", light: "off", words: "workbench.waiting", value: count(waiting), to: "/matters?status=waiting" },
  ] as const;
  return (
    <section className="light-cards" aria-label={t("workbench.lights")}>
      {cards.map((one) => (
        <Link key={one.key} to={one.to}>
          <Card size="small" hoverable>
            <Statistic
              title={<LightMark light={one.light}>{t(one.words)}</LightMark>}
              value={one.value ?? "–"}
              suffix={<span className="unit">{t("workbench.unit")}</span>}
            />
          </Card>
        </Link>
      ))}
    </section>
  );
}

function Approvals() {
  const { t, pick, day } = useWords();
  const names = useNames();
  const { data: procedures } = useProcedures();
  const approvals = useApprovals();
  if (approvals.data?.proposals.length === 0) return null;
  return (
    <Card title={t("workbench.approvals")} className="approvals">
      <Shown of={approvals}>
        {({ proposals }) => (
          <List
            dataSource={proposals}
            renderItem={(one) => {
              const definition = procedures?.find(
                (of) => of.id === one.procedure && of.version === one.procedure_version,
              );
              return (
                <List.Item
                  key={`${one.matter} ${one.proposal}`}
                  actions={[
                    <Link key="open" to={`/matters/${one.matter}`}>
                      <Button type="primary">{t("workbench.look")}</Button>
                    </Link>,
                  ]}
                >
                  <List.Item.Meta
                    title={
                      <>
                        <Tag color="gold">
                          {pick(definition?.act.find((act) => act.id === one.act)?.name) || one.act}
                        </Tag>{" "}
                        {one.title}
                      </>
                    }
                    description={
                      <span className="row">
                        <span className="number">{one.number}</span>
                        <span>{t("workbench.proposed", { who: names.person(one.by), day: day(one.proposed_on) })}</span>
                        {one.due_on && <DueOn on={one.due_on} />}
                      </span>
                    }
                  />
                </List.Item>
              );
            }}
          />
        )}
      </Shown>
    </Card>
  );
}

const isOpen = (row: MatterRow) => row.status !== "closed";

/** What somebody filed with other agencies, below a large way to file more. */
function Complaints() {
  const { t } = useWords();
  const filings = useFilings();
  return (
    <>
      <FileOne />
      <Card title={t("filings.title")} extra={<Link to="/filings">{t("frame.all")}</Link>}>
        <Shown of={filings}>
          {({ pages }) => <FilingTable rows={pages.flatMap((page) => page.filings).slice(0, SHOWN)} />}
        </Shown>
      </Card>
    </>
  );
}

/** Matters that somebody handles; for people from outside those they take part in, and nothing where complaints stand already and these are none. */
function Mine({ isOutside, isBeside }: { isOutside: boolean; isBeside: boolean }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const mine = useMatters(
    isOutside
      ? { sort: "changed", direction: "descending", limit: 50 }
      : { ...(who ? { handler: who.user } : {}), sort: "due", direction: "ascending", limit: 100 },
    Boolean(who),
  );
  if (isBeside && (mine.data?.matters.length ?? 0) === 0) return null;
  return (
    <Card
      title={t(isOutside && !isBeside ? "workbench.my_complaints" : "workbench.mine")}
      extra={
        <Link to={isOutside || !who ? "/matters" : `/matters?handler=${encodeURIComponent(who.user)}`}>
          {t("frame.all")}
        </Link>
      }
    >
      <Shown of={mine}>
        {({ matters }) => (
          <MatterTable
            rows={(isOutside ? matters : matters.filter(isOpen)).slice(0, SHOWN)}
            shown={
              isOutside
                ? ["matter", "stage", "due_on", "owner_agency", "changed_at"]
                : ["matter", "procedure", "stage", "due_on", "next"]
            }
            empty={t(isOutside ? "workbench.no_complaints" : "workbench.no_mine")}
          />
        )}
      </Shown>
    </Card>
  );
}

/** What came in and nobody has closed, by its next day: of the unit or agency, as far as the roles reach. */
function Inbox() {
  const { t } = useWords();
  const inbox = useMatters({ sort: "due", direction: "ascending", limit: 100 });
  return (
    <Card title={t("workbench.inbox")} extra={<Link to="/matters?sort=due&direction=ascending">{t("frame.all")}</Link>}>
      <Shown of={inbox}>
        {({ matters }) => (
          <MatterTable
            rows={matters.filter(isOpen).slice(0, SHOWN)}
            shown={["matter", "procedure", "stage", "due_on", "owner_agency", "next"]}
            empty={t("workbench.no_inbox")}
          />
        )}
      </Shown>
    </Card>
  );
}

function Tasks() {
  const { t, day } = useWords();
  const tasks = useTasks("mine", "open");
  return (
    <Card title={t("workbench.tasks")}>
      <Shown of={tasks} isEmpty={({ tasks: all }) => all.length === 0} empty={t("workbench.no_tasks")}>
        {({ tasks: all }) => (
          <ul className="lines">
            {all.slice(0, SHOWN).map((one) => (
              <li key={`${one.matter} ${one.id}`}>
                <Link to={`/matters/${one.matter}/tasks`}>{one.task.title}</Link>
                <span className="quiet">
                  {one.title}
                  {one.task.due_on && (
                    <>
                      {" · "}
                      {one.is_overdue ? (
                        <LightMark light="red">{t("workbench.task_late", { day: day(one.task.due_on) })}</LightMark>
                      ) : (
                        day(one.task.due_on)
                      )}
                    </>
                  )}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Card>
  );
}

function News() {
  const { t, instant } = useWords();
  const kindWords = useKindWords();
  const notices = useNotices(true);
  return (
    <Card title={t("workbench.news")} extra={<Link to="/notices">{t("frame.all")}</Link>}>
      <Shown of={notices} isEmpty={({ notices: all }) => all.length === 0} empty={t("workbench.no_news")}>
        {({ notices: all }) => (
          <ul className="lines">
            {all.slice(0, SHOWN).map((one) => (
              <li key={one.id}>
                <span className="row">
                  <MatterLink of={one.matter} />
                  {one.light && <LightMark light={lightOf(one.light)} />}
                </span>
                <span className="quiet">
                  {kindWords(one.template)} · {instant(one.made_at)}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Card>
  );
}

function Figures() {
  const { t } = useWords();
  return (
    <Card
      title={t("workbench.figures", { year: today().slice(0, 4) })}
      extra={<Link to="/indicators">{t("frame.all")}</Link>}
    >
      <div className="light-cards">
        {FIGURES.map((one) => (
          <FigureCard key={one.id} id={one.id} words={one.words} />
        ))}
      </div>
    </Card>
  );
}

function FigureCard({ id, words }: { id: string; words: MessageKey }) {
  const { t, percent, number } = useWords();
  const year = today().slice(0, 4);
  const { data } = useIndicatorFigure(id, `${year}-01-01`, dayFrom(1));
  const value = data?.value;
  const shown =
    value === null || value === undefined
      ? t("workbench.no_value")
      : data?.unit === "share"
        ? percent(value)
        : number(value);
  return (
    <Link to={`/indicators/${id}?from=${year}-01-01&until=${dayFrom(1)}`}>
      <Card size="small" hoverable>
        <Statistic title={t(words)} value={data ? shown : "–"} />
      </Card>
    </Link>
  );
}

function Installation({ administers, audits }: { administers: boolean; audits: boolean }) {
  const { t } = useWords();
  const ways: { to: string; words: MessageKey; why: MessageKey }[] = [
    ...(administers
      ? ([
          { to: "/accounts", words: "frame.nav.accounts", why: "workbench.why.accounts" },
          { to: "/agencies", words: "frame.nav.agencies", why: "workbench.why.agencies" },
          { to: "/webhooks", words: "frame.nav.webhooks", why: "workbench.why.webhooks" },
        ] as const)
      : []),
    ...(audits ? ([{ to: "/audit", words: "frame.nav.audit", why: "workbench.why.audit" }] as const) : []),
  ];
  return (
    <>
      <p>{t(administers ? "workbench.administrator" : "workbench.auditor")}</p>
      <div className="light-cards">
        {ways.map((one) => (
          <Link key={one.to} to={one.to}>
            <Card hoverable title={t(one.words)}>
              {t(one.why)}
            </Card>
          </Link>
        ))}
        {ways.length === 0 && <Empty>{t("frame.empty")}</Empty>}
      </div>
    </>
  );
}
