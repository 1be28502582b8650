// The chain of custody of goods: where each part of them went, as a time line and as a table; what was out of order is loud.
import { Segmented, Table, Tag, Timeline } from "antd";
import { useState } from "react";
import type { GoodsEntry } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { useLedgerTerms } from "./terms";

interface Link {
  key: string;
  on: string;
  what: string;
  lot: string;
  quantity: string;
  giver: string;
  receiver: string;
  place: string;
  seal: string;
  witness: string;
  paper: string;
  irregular: string | undefined;
  by: string;
}

export function useCustody(): (entry: GoodsEntry) => Link[] {
  const terms = useLedgerTerms();
  const names = useNames();
  return ({ id, goods, movements, added }) => [
    {
      key: "taken",
      on: goods.taken_on,
      what: terms.name("goods_measure", goods.measure),
      lot: `${id}.1`,
      quantity: `${goods.quantity} ${goods.unit}`,
      giver: goods.found_at,
      receiver: goods.holder,
      place: goods.place,
      seal: goods.seal ?? "",
      witness: "",
      paper: goods.paper ?? "",
      irregular: undefined,
      by: names.person(added.by),
    },
    ...movements.map(({ lot, to_lot, movement, mark }, at) => ({
      key: `${at}`,
      on: movement.on,
      what: terms.name("movement", movement.kind),
      lot: lot === to_lot ? `${id}.${lot}` : `${id}.${lot} → ${id}.${to_lot}`,
      quantity: movement.quantity === undefined ? "" : `${movement.quantity} ${goods.unit}`,
      giver: movement.giver,
      receiver: movement.receiver,
      place: movement.place,
      seal: movement.seal ?? "",
      witness: movement.witness ?? "",
      paper: movement.paper ?? "",
      irregular: movement.irregular,
      by: names.person(mark.by),
    })),
  ];
}

export function Custody({ entry }: { entry: GoodsEntry }) {
  const { t, day } = useWords();
  const [as, setAs] = useState<"timeline" | "table">("timeline");
  const links = useCustody()(entry);
  const words = (one: Link) =>
    [
      one.place,
      one.seal && `${t("ledger.goods.seal")} ${one.seal}`,
      one.paper && `${t("ledger.goods.move_paper")} ${one.paper}`,
      one.witness && `${t("ledger.goods.witness")} ${one.witness}`,
    ]
      .filter(Boolean)
      .join(" · ");
  return (
    <section aria-label={`${t("ledger.goods.chain")} ${entry.id}`} className="stack">
      <div className="row" style={{ justifyContent: "space-between" }}>
        <strong>
          {t("ledger.goods.chain")}{" "}
          <Tag color={entry.is_custody_complete ? "success" : "error"} variant="outlined">
            {t(entry.is_custody_complete ? "ledger.goods.custody_complete" : "ledger.goods.custody_open")}
          </Tag>
        </strong>
        <Segmented
          className="no-print"
          size="small"
          aria-label={t("ledger.goods.chain")}
          value={as}
          onChange={setAs}
          options={[
            { value: "timeline", label: t("ledger.goods.timeline") },
            { value: "table", label: t("ledger.goods.table") },
          ]}
        />
      </div>
      {as === "timeline" ? (
        <Timeline
          items={links.map((one) => ({
            key: one.key,
            color: one.irregular ? "red" : "blue",
            content: (
              <>
                <div>
                  <span className="number">{day(one.on)}</span> <strong>{one.what}</strong>{" "}
                  <span className="number">
                    {one.lot} {one.quantity}
                  </span>
                </div>
                <div>{t("ledger.goods.from_to", { giver: one.giver, receiver: one.receiver })}</div>
                <div className="quiet">{words(one)}</div>
                {one.irregular && (
                  <div className="tab-loud">! {t("ledger.goods.is_irregular", { why: one.irregular })}</div>
                )}
              </>
            ),
          }))}
        />
      ) : (
        <Table<Link>
          size="small"
          rowKey="key"
          dataSource={links}
          pagination={false}
          scroll={{ x: "max-content" }}
          rowClassName={(one) => (one.irregular ? "tab-bad-row" : "")}
          columns={[
            { title: t("ledger.goods.on"), render: (_, one) => day(one.on) },
            {
              title: t("ledger.goods.movement"),
              render: (_, one) => (
                <>
                  {one.what}
                  {one.irregular && (
                    <div className="tab-bad">! {t("ledger.goods.is_irregular", { why: one.irregular })}</div>
                  )}
                </>
              ),
            },
            { title: t("ledger.goods.lot"), dataIndex: "lot", className: "number" },
            { title: t("ledger.goods.quantity"), dataIndex: "quantity", align: "right", className: "number" },
            { title: t("ledger.goods.giver"), dataIndex: "giver" },
            { title: t("ledger.goods.receiver"), dataIndex: "receiver" },
            { title: t("ledger.goods.place"), dataIndex: "place" },
            { title: t("ledger.goods.seal"), dataIndex: "seal" },
            { title: t("ledger.goods.witness"), dataIndex: "witness" },
            { title: t("ledger.goods.move_paper"), dataIndex: "paper" },
          ]}
        />
      )}
    </section>
  );
}
