// 涉案物品: what was taken, what it is worth on which basis, who has held it since.
//
// Invariant: sums on different bases stand side by side and are never added.
import { DownloadOutlined, FileExcelOutlined, PlusOutlined, PrinterOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Dropdown, Table, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { useLedger, useSession } from "~/api/queries";
import type { GoodsEntry, Ledger, Matter, Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { Shown } from "~/parts/broken";
import { useWords } from "~/words/words";
import { Custody } from "./custody";
import { goodsLabel, labelOf, Marks } from "./fields";
import { Findings, FindingsOf, findingsOf } from "./findings";
import { GoodsForm, PriceForm } from "./goods-form";
import { GoodsPaste } from "./goods-paste";
import { GoodsPrint } from "./goods-print";
import { isGone, MoveForm } from "./move-form";
import { ReasonForm } from "./reason-form";
import "./tabs.css";
import { useLedgerTerms } from "./terms";

type Open = { what: "add" | "paste" } | { what: "move" | "price" | "correct" | "withdraw"; entry: GoodsEntry };

export function GoodsTab({ matter }: { matter: Matter; definition: Procedure }) {
  return <Shown of={useLedger(matter.id)}>{(ledger) => <GoodsList matter={matter} ledger={ledger} />}</Shown>;
}

function GoodsList({ matter, ledger }: { matter: Matter; ledger: Ledger }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const [open, setOpen] = useState<Open>();
  const [withWithdrawn, setWithWithdrawn] = useState(false);
  const mayWrite = can(who, "write");
  const withdrawn = ledger.goods.filter((entry) => entry.withdrawn).length;
  const close = () => setOpen(undefined);
  return (
    <section className="stack" aria-label={t("ledger.goods.title")}>
      <div className="row no-print" style={{ justifyContent: "space-between" }}>
        <div className="row">
          {mayWrite && (
            <>
              <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen({ what: "add" })}>
                {t("ledger.goods.add")}
              </Button>
              <Button icon={<FileExcelOutlined />} onClick={() => setOpen({ what: "paste" })}>
                {t("ledger.paste.open")}
              </Button>
            </>
          )}
          {ledger.goods.length > 0 && (
            <>
              {can(who, "export") && (
                <Button icon={<DownloadOutlined />} href={`/api/v1/matters/${matter.id}/ledger/goods.csv`} download>
                  {t("ledger.goods.csv")}
                </Button>
              )}
              <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
                {t("ledger.goods.print_list")}
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
      <div className="no-print stack">
        <Findings of={findingsOf(ledger.findings, "G")} />
        <Sums ledger={ledger} />
        <GoodsTable
          matter={matter}
          ledger={ledger}
          rows={ledger.goods.filter((entry) => withWithdrawn || !entry.withdrawn)}
          onOpen={mayWrite ? setOpen : undefined}
        />
      </div>
      <GoodsPrint matter={matter} ledger={ledger} />
      {open?.what === "add" && <GoodsForm matter={matter} ledger={ledger} onClose={close} />}
      {open?.what === "paste" && <GoodsPaste matter={matter} ledger={ledger} onClose={close} />}
      {open?.what === "correct" && <GoodsForm matter={matter} ledger={ledger} entry={open.entry} onClose={close} />}
      {open?.what === "price" && <PriceForm matter={matter} entry={open.entry} onClose={close} />}
      {open?.what === "move" && <MoveForm matter={matter} entry={open.entry} onClose={close} />}
      {open?.what === "withdraw" && (
        <ReasonForm
          matter={matter}
          title={t("ledger.goods.withdraw", { id: open.entry.id })}
          draft={`goods.${open.entry.id}.withdraw`}
          submit={t("ledger.withdraw")}
          step={(why) => ({ do: "withdraw_goods", id: open.entry.id, why })}
          onClose={close}
        />
      )}
    </section>
  );
}

function Sums({ ledger }: { ledger: Ledger }) {
  const { t, money } = useWords();
  const terms = useLedgerTerms();
  const sums = Object.entries(ledger.values.by_basis);
  const standing = ledger.goods.filter((entry) => !entry.withdrawn).length;
  if (standing === 0) return null;
  return (
    <Card size="small" title={t("ledger.goods.values")} extra={<CustodyTag isComplete={ledger.is_custody_complete} />}>
      <dl className="tab-sums">
        {sums.map(([basis, fen]) => (
          <div key={basis}>
            <dt>{terms.name("price_basis", basis)}</dt>
            <dd>{money(fen)}</dd>
          </div>
        ))}
      </dl>
      {ledger.values.without_price > 0 && (
        <div className="quiet">{t("ledger.goods.without_price", { count: ledger.values.without_price })}</div>
      )}
      {ledger.values.is_beyond && <div className="tab-bad">{t("ledger.goods.is_beyond")}</div>}
    </Card>
  );
}

function CustodyTag({ isComplete }: { isComplete: boolean | null }) {
  const { t } = useWords();
  if (isComplete === null) return null;
  return (
    <Tag color={isComplete ? "success" : "error"} variant="outlined">
      {isComplete ? "✓" : "!"} {t(isComplete ? "ledger.goods.custody_complete" : "ledger.goods.custody_open")}
    </Tag>
  );
}

function GoodsTable({
  matter,
  ledger,
  rows,
  onOpen,
}: {
  matter: Matter;
  ledger: Ledger;
  rows: GoodsEntry[];
  onOpen?: ((open: Open) => void) | undefined;
}) {
  const { t, day, money, number } = useWords();
  const terms = useLedgerTerms();
  return (
    <Table<GoodsEntry>
      rowKey="id"
      size="middle"
      dataSource={rows}
      pagination={rows.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      scroll={{ x: "max-content" }}
      locale={{ emptyText: t("ledger.goods.empty") }}
      rowClassName={(entry) => (entry.withdrawn ? "tab-withdrawn" : "")}
      expandable={{ expandedRowRender: (entry) => <Details entry={entry} ledger={ledger} matter={matter} /> }}
      columns={[
        { title: t("ledger.id"), dataIndex: "id", width: 64, className: "number" },
        {
          title: t("ledger.goods.name"),
          render: (_, { goods, withdrawn, corrected }) => (
            <>
              <div>
                {goodsLabel(goods)} {withdrawn && <Tag>{t("ledger.is_withdrawn")}</Tag>}
                {corrected && !withdrawn && <Tag>{t("ledger.is_corrected")}</Tag>}
              </div>
              <div className="quiet">
                {terms.name("goods_kind", goods.kind)} · {day(goods.taken_on)}{" "}
                {terms.name("goods_measure", goods.measure)}
              </div>
            </>
          ),
        },
        {
          title: t("ledger.goods.quantity"),
          align: "right",
          className: "number",
          render: (_, { goods }) => `${number(goods.quantity)} ${goods.unit}`,
        },
        {
          title: t("ledger.goods.value"),
          align: "right",
          render: (_, { goods, value_fen }) => (
            <>
              <div className="number">{value_fen === null ? "–" : money(value_fen)}</div>
              <div className="quiet">{terms.name("price_basis", goods.price?.basis)}</div>
            </>
          ),
        },
        {
          title: t("ledger.goods.lots"),
          render: (_, { id, goods, lots }) => (
            <ul className="tab-plain-list">
              {lots
                .filter((lot) => lot.quantity > 0)
                .map((lot) => (
                  <li key={lot.number}>
                    <span className="number">
                      {id}.{lot.number}
                    </span>{" "}
                    <Tag
                      color={isGone(lot) ? "default" : lot.by === "sent" ? "warning" : "processing"}
                      variant="outlined"
                    >
                      {lot.by ? terms.name("movement", lot.by) : t("ledger.goods.in_store")}
                    </Tag>
                    <span className="number">
                      {number(lot.quantity)} {goods.unit}
                    </span>{" "}
                    {lot.holder}，{lot.place}
                    {lot.seal && <span className="quiet"> {lot.seal}</span>}
                  </li>
                ))}
            </ul>
          ),
        },
        { title: t("ledger.findings"), render: (_, { id }) => <FindingsOf of={ledger.findings} id={id} /> },
        ...(onOpen
          ? [
              {
                title: t("ledger.actions"),
                width: 150,
                render: (_: unknown, entry: GoodsEntry) =>
                  !entry.withdrawn && <Actions entry={entry} onOpen={onOpen} />,
              },
            ]
          : []),
      ]}
    />
  );
}

function Actions({ entry, onOpen }: { entry: GoodsEntry; onOpen: (open: Open) => void }) {
  const { t } = useWords();
  const isAllGone = entry.lots.every(isGone);
  return (
    <div className="row" style={{ gap: 0, flexWrap: "nowrap" }}>
      <Button
        type="link"
        size="small"
        disabled={isAllGone}
        aria-label={t("ledger.goods.move_of", { id: entry.id })}
        onClick={() => onOpen({ what: "move", entry })}
      >
        {t("ledger.goods.movement")}
      </Button>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "price", label: t("ledger.goods.price") },
            { key: "correct", label: t("ledger.correct") },
            {
              key: "withdraw",
              label: t("ledger.withdraw"),
              danger: true,
              // What was moved is not taken back.
              disabled: entry.movements.length > 0,
            },
          ],
          onClick: ({ key }) => onOpen({ what: key as "price" | "correct" | "withdraw", entry }),
        }}
      >
        <Button type="link" size="small" aria-label={`${t("frame.more")} ${entry.id}`}>
          {t("frame.more")}
        </Button>
      </Dropdown>
    </div>
  );
}

function Details({ entry, ledger, matter }: { entry: GoodsEntry; ledger: Ledger; matter: Matter }) {
  const { t, money } = useWords();
  const terms = useLedgerTerms();
  const { goods } = entry;
  const from = ledger.parties.find((one) => one.id === goods.from);
  const price =
    goods.price &&
    `${money(goods.price.each_fen)}（${terms.name("price_basis", goods.price.basis)}：${goods.price.shown_by}）`;
  const lines: [string, string | undefined][] = [
    [t("ledger.goods.found_at"), goods.found_at],
    [t("ledger.goods.from"), from && `${from.id} ${labelOf(from.party)}`],
    [t("ledger.goods.paper"), goods.paper],
    [t("ledger.goods.each"), price],
    [t("ledger.remark"), goods.remark],
  ];
  return (
    <div className="grid-2">
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
        {goods.files && (
          <>
            <dt>{t("ledger.goods.files")}</dt>
            <dd>
              {goods.files.map((file) => (
                <div key={file}>
                  <Link to={`/matters/${matter.id}/evidence?file=${file.replace(/^file:/, "")}`}>{file}</Link>
                </div>
              ))}
            </dd>
          </>
        )}
        <dt>{t("ledger.history")}</dt>
        <dd>
          <Marks added={entry.added} corrected={entry.corrected} withdrawn={entry.withdrawn} />
          {entry.corrected && <Link to={`/matters/${matter.id}/log?about=${entry.id}`}>{t("ledger.earlier")}</Link>}
        </dd>
      </dl>
      <Custody entry={entry} />
    </div>
  );
}
