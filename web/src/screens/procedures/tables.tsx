// Acts, clocks and roles of a procedure, each with everything that the file says of it.
import { Table } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Procedure, ProcedureAct } from "~/api/shapes";
import { Citation } from "~/parts/citation";
import { useNames } from "~/parts/names";
import { type Names, useWords } from "~/words/words";

type Of = { of: Procedure };
type Length = Partial<Record<"days" | "working_days" | "hours" | "months", number>>;

const named = (list: { id: string; name: Names }[], id: string) => list.find((one) => one.id === id)?.name;

function List({ items }: { items: ReactNode[] }) {
  if (items.length === 0) return null;
  return (
    <ul className="cell-list">
      {items.map((item, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a cell have no other name than their place
        <li key={at}>{item}</li>
      ))}
    </ul>
  );
}

export function Acts({ of, stage }: Of & { stage: string | undefined }) {
  const { t, pick, maybe } = useWords();
  const names = useNames();
  const name = (list: { id: string; name: Names }[], id: string) => pick(named(list, id)) || id;
  const who = (act: ProcedureAct): ReactNode[] => {
    const together = act.together as { role: string; others: number } | null | undefined;
    return [
      act.roles.map((role) => name(of.role, role)).join("、"),
      ...(act.chain ? [t("procedure.need.chain", { name: name(of.chain, act.chain) })] : []),
      ...(together
        ? [t("procedure.need.together", { role: name(of.role, together.role), count: together.others })]
        : []),
    ];
  };
  const needs = (act: ProcedureAct): ReactNode[] => [
    ...act.needs.flatMap(({ fact, is }) => {
      if (!fact) return [];
      const key = is === undefined ? "fact" : is ? "fact_yes" : "fact_no";
      return [t(`procedure.need.${key}`, { name: name(of.fact, fact) })];
    }),
    ...act.papers.map((paper) => t("procedure.need.paper", { name: name(of.paper, paper) })),
    ...(act.one_of.length > 0
      ? [t("procedure.need.one_of", { names: act.one_of.map((paper) => name(of.paper, paper)).join("、") })]
      : []),
    ...(act["papers_of_rule"] ? [t("procedure.need.of_rule")] : []),
    ...act.counterparts.map((one) => t("procedure.need.counterpart", { name: name(of.counterpart, one) })),
    ...(act.reason ? [t("procedure.need.reason")] : []),
  ];
  const makes = (act: ProcedureAct): ReactNode[] => [
    ...act.makes.map((paper) => t("procedure.make.paper", { name: name(of.paper, paper) })),
    ...act.notices.map(({ to }) =>
      t("procedure.make.notice", { to: pick(named(of.role, to) ?? named(of.counterpart, to)) || to }),
    ),
    ...act.opens.map((other) => (
      <Link key={other} to={`/procedures?id=${encodeURIComponent(other)}`}>
        {t("procedure.make.opens", { name: names.procedure(other) })}
      </Link>
    )),
  ];
  const clocks = (act: ProcedureAct): ReactNode[] =>
    (["starts", "stops", "drops"] as const).flatMap((what) =>
      ((act[what] as ({ clock: string } | string)[] | undefined) ?? []).map((one) =>
        t(`procedure.clock.${what}`, { name: name(of.clock, typeof one === "string" ? one : one.clock) }),
      ),
    );
  const to = (act: ProcedureAct) => {
    const any = (act["to_any"] as string[] | undefined) ?? [];
    if (any.length > 0) {
      return t("procedure.returns", { stages: any.map((one) => name(of.stage, one)).join("、") });
    }
    return act.to ? name(of.stage, act.to) : <span className="quiet">{t("procedure.same")}</span>;
  };
  const shown = of.act.filter((act) => !stage || act.from.includes(stage));
  return (
    <Table<ProcedureAct>
      rowKey="id"
      size="small"
      pagination={false}
      dataSource={shown}
      scroll={{ x: 1080 }}
      columns={[
        {
          title: t("procedure.column.act"),
          width: 170,
          render: (_, act) => (
            <>
              <div>{pick(act.name)}</div>
              <div className="quiet small">{maybe(`procedure.kind.${act.kind}`, act.kind)}</div>
            </>
          ),
        },
        {
          title: t("procedure.column.from"),
          width: 150,
          render: (_, act) =>
            act.from.length === 0
              ? t("procedure.begin")
              : act.from.length === of.stage.length
                ? t("procedure.every")
                : act.from.map((one) => name(of.stage, one)).join("、"),
        },
        { title: t("procedure.column.to"), width: 140, render: (_, act) => to(act) },
        { title: t("procedure.column.who"), width: 170, render: (_, act) => <List items={who(act)} /> },
        { title: t("procedure.column.needs"), render: (_, act) => <List items={needs(act)} /> },
        { title: t("procedure.column.makes"), width: 190, render: (_, act) => <List items={makes(act)} /> },
        { title: t("procedure.column.clock"), width: 190, render: (_, act) => <List items={clocks(act)} /> },
      ]}
    />
  );
}

export function Clocks({ of }: Of) {
  const { t, pick } = useWords();
  const length = (one: Length): string =>
    (["months", "days", "working_days", "hours"] as const)
      .flatMap((unit) => (one[unit] === undefined ? [] : [t(`procedure.length.${unit}`, { count: one[unit] })]))
      .join(" ");
  const acts = (what: "starts" | "stops", clock: string) =>
    of.act
      .filter((act) =>
        ((act[what] as ({ clock: string } | string)[] | undefined) ?? []).some(
          (one) => (typeof one === "string" ? one : one.clock) === clock,
        ),
      )
      .map((act) => pick(act.name))
      .join("、");
  return (
    <Table
      rowKey="id"
      size="small"
      pagination={false}
      scroll={{ x: 820 }}
      dataSource={of.clock}
      locale={{ emptyText: t("procedure.none") }}
      columns={[
        { title: t("procedure.column.clock"), render: (_, clock) => pick(clock.name) },
        {
          title: t("procedure.column.length"),
          render: (_, clock) => {
            const limit = clock.limit as { length?: Length; stands_still?: boolean; extension?: Length } | null;
            return (
              <List
                items={[
                  ...(limit?.length ? [length(limit.length)] : []),
                  ...(limit?.extension ? [t("procedure.clock.more", { length: length(limit.extension) })] : []),
                  ...(limit?.stands_still ? [t("procedure.clock.still")] : []),
                  ...(clock.window ? [t("procedure.clock.window")] : []),
                ]}
              />
            );
          },
        },
        {
          title: t("procedure.column.source"),
          render: (_, clock) => {
            const source = clock.limit?.source;
            if (source) {
              const { cite, checked } = source;
              return <Citation of={{ citation: cite, verified: checked.verified, text: checked.note ?? null }} />;
            }
            return clock.rule ? (
              <Link to={`/law?rule=${encodeURIComponent(clock.rule)}`}>{t("procedure.clock.of_law")}</Link>
            ) : null;
          },
        },
        { title: t("procedure.column.starts"), render: (_, clock) => acts("starts", clock.id) },
        { title: t("procedure.column.stops"), render: (_, clock) => acts("stops", clock.id) },
      ]}
    />
  );
}

export function Roles({ of }: Of) {
  const { t, pick, maybe } = useWords();
  const name = (id: string) => pick(named(of.role, id)) || id;
  return (
    <Table
      rowKey="id"
      size="small"
      pagination={false}
      scroll={{ x: 560 }}
      dataSource={of.role}
      columns={[
        { title: t("procedure.column.role"), render: (_, role) => pick(role.name) },
        {
          title: t("procedure.column.agency"),
          render: (_, role) =>
            maybe(`procedure.agency.${role.agency}`, pick(named(of.counterpart, role.agency)) || role.agency),
        },
        { title: t("procedure.column.joint"), render: (_, role) => t(role.joint ? "frame.yes" : "frame.no") },
        { title: t("procedure.column.apart"), render: (_, role) => role.apart_from.map(name).join("、") },
      ]}
    />
  );
}
