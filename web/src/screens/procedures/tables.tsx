// Acts, clocks and roles of a procedure, each with everything that the file says of it.
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

/** A table that scrolls in its own box, which the keyboard reaches. */
function Sheet<R extends { id: string }>({
  label,
  rows,
  columns,
}: {
  label: string;
  rows: R[];
  columns: [title: string, render: (row: R) => ReactNode][];
}) {
  const { t } = useWords();
  if (rows.length === 0) return <p className="quiet">{t("procedure.none")}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className="sheet" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(([title]) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              {columns.map(([title, render]) => (
                <td key={title}>{render(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Acts({ of, stage }: Of & { stage: string | undefined }) {
  const { t, pick, maybe } = useWords();
  const names = useNames();
  const name = (list: { id: string; name: Names }[], id: string) => pick(named(list, id)) || id;
  const who = (act: ProcedureAct): ReactNode[] => {
    const together = act.together;
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
  return (
    <Sheet
      label={t("procedure.acts")}
      rows={of.act.filter((act) => !stage || act.from.includes(stage))}
      columns={[
        [
          t("procedure.column.act"),
          (act) => (
            <>
              <div>{pick(act.name)}</div>
              <div className="quiet small">{maybe(`procedure.kind.${act.kind}`, act.kind)}</div>
            </>
          ),
        ],
        [
          t("procedure.column.from"),
          (act) =>
            act.from.length === 0
              ? t("procedure.begin")
              : act.from.length === of.stage.length
                ? t("procedure.every")
                : act.from.map((one) => name(of.stage, one)).join("、"),
        ],
        [t("procedure.column.to"), to],
        [t("procedure.column.who"), (act) => <List items={who(act)} />],
        [t("procedure.column.needs"), (act) => <List items={needs(act)} />],
        [t("procedure.column.makes"), (act) => <List items={makes(act)} />],
        [t("procedure.column.clock"), (act) => <List items={clocks(act)} />],
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
    <Sheet
      label={t("procedure.clocks")}
      rows={of.clock}
      columns={[
        [t("procedure.column.clock"), (clock) => pick(clock.name)],
        [
          t("procedure.column.length"),
          (clock) => {
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
        ],
        [
          t("procedure.column.source"),
          (clock) => {
            const source = clock.limit?.source;
            if (source) {
              const { cite, checked } = source;
              return <Citation of={{ citation: cite, verified: checked.verified, text: checked.note ?? null }} />;
            }
            return clock.rule ? (
              <Link to={`/law?rule=${encodeURIComponent(clock.rule)}`}>{t("procedure.clock.of_law")}</Link>
            ) : null;
          },
        ],
        [t("procedure.column.starts"), (clock) => acts("starts", clock.id)],
        [t("procedure.column.stops"), (clock) => acts("stops", clock.id)],
      ]}
    />
  );
}

export function Roles({ of }: Of) {
  const { t, pick, maybe } = useWords();
  const name = (id: string) => pick(named(of.role, id)) || id;
  return (
    <Sheet
      label={t("procedure.roles")}
      rows={of.role}
      columns={[
        [t("procedure.column.role"), (role) => pick(role.name)],
        [
          t("procedure.column.agency"),
          (role) => maybe(`procedure.agency.${role.agency}`, pick(named(of.counterpart, role.agency)) || role.agency),
        ],
        [t("procedure.column.joint"), (role) => t(role.joint ? "frame.yes" : "frame.no")],
        [t("procedure.column.apart"), (role) => role.apart_from.map(name).join("、")],
      ]}
    />
  );
}
