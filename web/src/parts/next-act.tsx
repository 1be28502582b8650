// The usual next act of a matter in a list, for who may do it: one click opens the matter with its sheet.
//
// Drawn from the procedure and the reader's roles alone; whether it can be done now says the server, on the sheet.
import { Button } from "antd";
import { Link } from "react-router";
import { useSession, type Who } from "~/api/queries";
import type { MatterRow, Procedure, ProcedureAct } from "~/api/shapes";
import { useWords } from "~/words/words";
import { useNames } from "./names";

/** First what ends a clock that runs, without a reason having to be given. */
export function isUsual(act: ProcedureAct): boolean {
  return !act.reason && act.stops.length > 0;
}

function mayBegin(act: ProcedureAct, definition: Procedure, row: MatterRow, who: Who): boolean {
  const first = definition.chain.find((one) => one.id === act.chain)?.steps[0];
  const roles = first ? [first] : act.roles;
  return roles.some((id) => {
    if (!who.roles.includes(id)) return false;
    const of = definition.role.find((one) => one.id === id)?.agency ?? "own";
    return of === "any" || (of === "own") === (row.owner_agency === who.agency);
  });
}

export function nextActs(row: MatterRow, definition: Procedure, who: Who): ProcedureAct[] {
  return definition.act
    .filter(
      (act) =>
        act.kind === "step" && act.to !== null && act.from.includes(row.stage) && mayBegin(act, definition, row, who),
    )
    .sort((left, right) => Number(isUsual(right)) - Number(isUsual(left)));
}

export function NextAct({ row }: { row: MatterRow }) {
  const { pick } = useWords();
  const names = useNames();
  const { data: who } = useSession();
  const definition = names.definition(row.procedure, row.procedure_version);
  const next = who && definition && row.status !== "closed" ? nextActs(row, definition, who)[0] : undefined;
  if (!next) return null;
  return (
    <Link to={`/matters/${row.id}?act=${next.id}`}>
      <Button size="small">{pick(next.name)}</Button>
    </Link>
  );
}
