// 当事人: who takes part, as what, and how they are told apart.
import { FileExcelOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Space, Table, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { useLedger, useSession } from "~/api/queries";
import type { Ledger, Matter, PartyEntry, Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { Shown } from "~/parts/broken";
import { useWords } from "~/words/words";
import { labelOf, Marks } from "./fields";
import { Findings, FindingsOf, findingsOf } from "./findings";
import { Numbers, ShowButton, useShown } from "./masked";
import { PartyForm } from "./party-form";
import { PartyPaste } from "./party-paste";
import { ReasonForm } from "./reason-form";
import "./tabs.css";
import { useLedgerTerms } from "./terms";
import { masked } from "./typed";

type Open = { what: "add" | "paste" } | { what: "correct" | "withdraw"; entry: PartyEntry };

export function PartiesTab({ matter }: { matter: Matter; definition: Procedure }) {
  return <Shown of={useLedger(matter.id)}>{(ledger) => <Parties matter={matter} ledger={ledger} />}</Shown>;
}

function Parties({ matter, ledger }: { matter: Matter; ledger: Ledger }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const [open, setOpen] = useState<Open>();
  const [withWithdrawn, setWithWithdrawn] = useState(false);
  const mayWrite = can(who, "write");
  const withdrawn = ledger.parties.filter((entry) => entry.withdrawn).length;
  const close = () => setOpen(undefined);
  return (
    <section className="stack" aria-label={t("ledger.party.title")}>
      <div className="row no-print" style={{ justifyContent: "space-between" }}>
        <div className="row">
          {mayWrite && (
            <>
              <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen({ what: "add" })}>
                {t("ledger.party.add")}
              </Button>
              <Button icon={<FileExcelOutlined />} onClick={() => setOpen({ what: "paste" })}>
                {t("ledger.paste.open")}
              </Button>
            </>
          )}
        </div>
        {withdrawn > 0 && (
          <Checkbox checked={withWithdrawn} onChange={(event) => setWithWithdrawn(event.target.checked)}>
            {t("ledger.show_withdrawn", { count: withdrawn })}
          </Checkbox>
        )}
      </div>
      <Findings of={findingsOf(ledger.findings, "P")} />
      <PartyTable
        matter={matter}
        ledger={ledger}
        rows={ledger.parties.filter((entry) => withWithdrawn || !entry.withdrawn)}
        onOpen={mayWrite ? setOpen : undefined}
      />
      {open?.what === "add" && <PartyForm matter={matter} ledger={ledger} onClose={close} />}
      {open?.what === "paste" && <PartyPaste matter={matter} onClose={close} />}
      {open?.what === "correct" && <PartyForm matter={matter} ledger={ledger} entry={open.entry} onClose={close} />}
      {open?.what === "withdraw" && (
        <ReasonForm
          matter={matter}
          title={t("ledger.party.withdraw", { id: open.entry.id })}
          draft={`party.${open.entry.id}.withdraw`}
          submit={t("ledger.withdraw")}
          step={(why) => ({ do: "withdraw_party", id: open.entry.id, why })}
          onClose={close}
        />
      )}
    </section>
  );
}

function PartyTable({
  matter,
  ledger,
  rows,
  onOpen,
}: {
  matter: Matter;
  ledger: Ledger;
  rows: PartyEntry[];
  onOpen?: ((open: Open) => void) | undefined;
}) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  const shown = useShown(matter.id);
  const nameOf = (id: string) => {
    const other = ledger.parties.find((entry) => entry.id === id);
    return other ? `${id} ${labelOf(other.party)}` : id;
  };
  return (
    <Table<PartyEntry>
      rowKey="id"
      size="middle"
      dataSource={rows}
      pagination={rows.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      scroll={{ x: "max-content" }}
      locale={{ emptyText: t("ledger.party.empty") }}
      rowClassName={(entry) => (entry.withdrawn ? "tab-withdrawn" : "")}
      expandable={{
        expandedRowRender: (entry) => (
          <Details
            entry={entry}
            matter={matter}
            actsFor={entry.party.acts_for ? nameOf(entry.party.acts_for) : undefined}
            isShown={shown.isShown(entry.id)}
          />
        ),
      }}
      columns={[
        { title: t("ledger.id"), dataIndex: "id", width: 64, className: "number" },
        {
          title: t("ledger.party.name"),
          render: (_, { party, withdrawn, corrected }) => (
            <>
              <div>
                {party.name ?? <span className="quiet">{t("ledger.party.nameless")}</span>}{" "}
                {withdrawn && <Tag>{t("ledger.is_withdrawn")}</Tag>}
                {corrected && !withdrawn && <Tag>{t("ledger.is_corrected")}</Tag>}
              </div>
              {party.accounts?.map((account) => (
                <div key={account} className="quiet">
                  {account}
                </div>
              ))}
            </>
          ),
        },
        {
          title: t("ledger.party.roles"),
          render: (_, { party }) => (
            <Space size={[4, 4]} wrap>
              {party.roles.map((role) => (
                <Tag key={role} color="processing" variant="outlined">
                  {terms.name("party_role", role)}
                </Tag>
              ))}
            </Space>
          ),
        },
        { title: t("ledger.party.kind"), render: (_, { party }) => terms.name("party_kind", party.kind), width: 110 },
        {
          title: t("ledger.party.identifiers"),
          render: (_, { id, party }) => (
            <>
              <Numbers of={party.identifiers ?? []} isShown={shown.isShown(id)} />
              {party.contacts?.map((contact) => (
                <div key={contact} className="number">
                  {shown.isShown(id) ? contact : masked(contact)}
                </div>
              ))}
              {(party.identifiers || party.contacts || party.address) && (
                <ShowButton of={shown} entry={id} label={`${id} ${labelOf(party)}`} />
              )}
            </>
          ),
        },
        { title: t("ledger.findings"), render: (_, { id }) => <FindingsOf of={ledger.findings} id={id} /> },
        ...(onOpen
          ? [
              {
                title: t("ledger.actions"),
                width: 130,
                className: "no-print",
                render: (_: unknown, entry: PartyEntry) =>
                  !entry.withdrawn && (
                    <Space size={0}>
                      <Button
                        type="link"
                        size="small"
                        aria-label={t("ledger.party.correct", { id: entry.id })}
                        onClick={() => onOpen({ what: "correct", entry })}
                      >
                        {t("ledger.correct")}
                      </Button>
                      <Button
                        type="link"
                        size="small"
                        danger
                        aria-label={t("ledger.party.withdraw", { id: entry.id })}
                        onClick={() => onOpen({ what: "withdraw", entry })}
                      >
                        {t("ledger.withdraw")}
                      </Button>
                    </Space>
                  ),
              },
            ]
          : []),
      ]}
    />
  );
}

function Details({
  entry,
  matter,
  actsFor,
  isShown,
}: {
  entry: PartyEntry;
  matter: Matter;
  actsFor: string | undefined;
  isShown: boolean;
}) {
  const { t } = useWords();
  const { party } = entry;
  const lines: [string, string | undefined][] = [
    [
      t("ledger.party.address"),
      party.address && (isShown || party.kind === "legal" ? party.address : masked(party.address)),
    ],
    [t("ledger.party.acts_for"), actsFor],
    [t("ledger.party.despite"), party.identifiers_despite],
    [t("ledger.remark"), party.remark],
  ];
  return (
    <dl className="tab-facts">
      {lines.map(
        ([name, value]) =>
          value && (
            <div key={name} style={{ display: "contents" }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
      <dt>{t("ledger.history")}</dt>
      <dd>
        <Marks added={entry.added} corrected={entry.corrected} withdrawn={entry.withdrawn} />
        {entry.corrected && <Link to={`/matters/${matter.id}/log?about=${entry.id}`}>{t("ledger.earlier")}</Link>}
      </dd>
    </dl>
  );
}
