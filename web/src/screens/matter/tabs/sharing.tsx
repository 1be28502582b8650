// 协作: who else sees the matter and on what ground, letting others in, what it hangs together with, who looked.
import { Alert, App, Button, Card, Table } from "antd";
import { Link } from "react-router";
import { explain } from "~/api/problem";
import { useMatter, useSession } from "~/api/queries";
import type { Matter, Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { GrantForm } from "./grant-form";
import { type Grant, revoke, useGrants } from "./grants";
import { Looks } from "./looks";
import "./tabs.css";

export function SharingTab({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const mayShare = can(who, "share");
  return (
    <section className="stack" aria-label={t("sharing.title")}>
      <WhoSees matter={matter} definition={definition} />
      {mayShare ? (
        <GrantForm matter={matter} />
      ) : (
        <Alert type="info" className="no-print" title={t("sharing.grant.no_right")} />
      )}
      <Links matter={matter} definition={definition} />
      <Looks matter={matter} />
    </section>
  );
}

interface Row {
  key: string;
  agency: string;
  who?: string;
  why: string;
  note?: string;
  may: string;
  until?: string;
  grant?: Grant;
}

function WhoSees({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick, day, instant, maybe } = useWords();
  const names = useNames();
  const { modal, message } = App.useApp();
  const { data: who } = useSession();
  const { state } = matter;
  const isOwn = who?.agency === matter.owner_agency;
  const grants = useGrants(matter.id, isOwn);
  const rows: Row[] = [
    {
      key: "owner",
      agency: matter.owner_agency,
      who: [
        names.unit(matter.owner_agency, matter.owner_unit),
        ...(matter.handlers ?? []).map((one) => names.person(`${matter.owner_agency}/${one}`)),
      ]
        .filter(Boolean)
        .join(" · "),
      why: t("sharing.owner"),
      may: t("sharing.owner_may"),
    },
    ...Object.entries(state?.counterparts ?? {}).map(([role, agency]) => ({
      key: `counterpart ${role}`,
      agency,
      why: t("sharing.counterpart", {
        role: pick(definition.counterpart.find((one) => one.id === role)?.name) || role,
      }),
      may: t("sharing.counterpart_may"),
    })),
    ...(state?.joint ?? []).map((agency) => ({
      key: `joint ${agency}`,
      agency,
      why: t("sharing.joint"),
      may: t("sharing.counterpart_may"),
    })),
    ...(grants.data ?? [])
      .filter((grant) => grant.is_in_force)
      .map((grant) => ({
        key: grant.id,
        agency: grant.to_agency,
        who: [names.unit(grant.to_agency, grant.to_unit), grant.to_user].filter(Boolean).join(" · "),
        why: t("sharing.granted", { purpose: grant.purpose, basis: grant.legal_basis }),
        note: [
          maybe(`sharing.handling.${grant.handling_code}`, grant.handling_code),
          grant.granted_by &&
            t("sharing.granted_by", { who: names.person(grant.granted_by), at: instant(grant.granted_at) }),
        ]
          .filter(Boolean)
          .join(" · "),
        may: grant.actions.map((action) => names.term("action", action)).join("、"),
        until: grant.until ? day(grant.until) : t("sharing.for_ever"),
        grant,
      })),
  ];
  const take = (grant: Grant) =>
    modal.confirm({
      title: t("sharing.revoke_of", { agency: names.agency(grant.to_agency) }),
      content: t("sharing.revoke_sure", { agency: names.agency(grant.to_agency) }),
      okText: t("sharing.revoke"),
      cancelText: t("frame.cancel"),
      onOk: async () => {
        try {
          await revoke(matter.id, grant.id);
          void message.success(t("sharing.revoked"));
        } catch (error) {
          void message.error(explain(error));
        }
      },
    });
  return (
    <Card size="small" title={t("sharing.who_sees")}>
      {!isOwn && <Alert type="info" title={t("sharing.no_list")} style={{ marginBottom: 12 }} />}
      {grants.error && <Alert type="error" showIcon role="alert" title={explain(grants.error)} />}
      <Table<Row>
        size="middle"
        rowKey="key"
        dataSource={rows}
        loading={grants.isLoading}
        pagination={false}
        columns={[
          {
            title: t("sharing.agency"),
            render: (_, row) => (
              <>
                <div>{names.agency(row.agency)}</div>
                {row.who && <div className="quiet">{row.who}</div>}
              </>
            ),
          },
          {
            title: t("sharing.why"),
            render: (_, row) => (
              <>
                <div>{row.why}</div>
                {row.note && <div className="quiet">{row.note}</div>}
              </>
            ),
          },
          { title: t("sharing.may"), dataIndex: "may" },
          { title: t("sharing.until"), dataIndex: "until", className: "number" },
          {
            title: <span className="hidden-text">{t("ledger.actions")}</span>,
            className: "no-print",
            render: (_, { grant }) =>
              grant &&
              isOwn &&
              can(who, "share") && (
                <Button
                  type="link"
                  danger
                  size="small"
                  aria-label={t("sharing.revoke_of", { agency: names.agency(grant.to_agency) })}
                  onClick={() => take(grant)}
                >
                  {t("sharing.revoke")}
                </Button>
              ),
          },
        ]}
      />
    </Card>
  );
}

/** Parent, members, and what may have followed by the acts that were done. */
function Links({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t } = useWords();
  const names = useNames();
  const { state } = matter;
  const done = new Set((state?.history ?? []).filter((past) => past.what === "acted").map((past) => past.act));
  const opened = [...new Set(definition.act.filter((act) => done.has(act.id)).flatMap((act) => act.opens ?? []))];
  const members = state?.members ?? [];
  const isNone = !state?.parent && members.length === 0 && opened.length === 0;
  return (
    <Card size="small" title={t("sharing.links.title")}>
      {isNone && <span className="quiet">{t("sharing.links.none")}</span>}
      <dl className="tab-facts">
        {state?.parent && (
          <>
            <dt>{t("sharing.links.parent")}</dt>
            <dd>
              <Linked id={state.parent} />
            </dd>
          </>
        )}
        {members.length > 0 && (
          <>
            <dt>{t("sharing.links.members")}</dt>
            <dd>
              {members.map((id) => (
                <div key={id}>
                  <Linked id={id} />
                </div>
              ))}
            </dd>
          </>
        )}
        {opened.length > 0 && (
          <>
            <dt>{t("sharing.links.children")}</dt>
            <dd>
              {opened.map((id) => (
                <div key={id}>
                  {t("sharing.links.opens", { name: names.procedure(id) })}{" "}
                  <Link to={`/matters?procedure=${id}&sort=changed_at&direction=descending`}>
                    {t("sharing.links.find", { name: names.procedure(id) })}
                  </Link>
                </div>
              ))}
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

/** Another matter by number and title, where the reader may see it. */
function Linked({ id }: { id: string }) {
  const { t } = useWords();
  const { data, error } = useMatter(id);
  if (error) return <span className="quiet">{t("sharing.links.hidden")}</span>;
  return (
    <Link to={`/matters/${id}`}>
      <span className="number">{data?.number ?? id}</span> {data?.title}
    </Link>
  );
}
