// Where the stages of a procedure stand in its diagram: each one column behind the nearest stage that leads to it.
import type { Procedure } from "~/api/shapes";

export interface Place {
  id: string;
  column: number;
  row: number;
}

export interface Way {
  from: string;
  to: string;
  acts: string[];
}

/** The ways from stage to stage; acts that leave the stage as it is are none. */
export function waysOf({ act }: Pick<Procedure, "act">): Way[] {
  const ways = new Map<string, Way>();
  for (const one of act) {
    const ends = [...(one.to ? [one.to] : []), ...((one["to_any"] as string[] | undefined) ?? [])];
    for (const from of one.from) {
      for (const to of ends.filter((end) => end !== from)) {
        const key = `${from} ${to}`;
        const way = ways.get(key) ?? { from, to, acts: [] };
        way.acts.push(one.id);
        ways.set(key, way);
      }
    }
  }
  return [...ways.values()];
}

export function placesOf(definition: Pick<Procedure, "act" | "stage">): Place[] {
  const column = new Map<string, number>();
  const first = definition.act.flatMap((act) => (act.kind === "open" && act.to ? [act.to] : []));
  let edge = first.length > 0 ? first : definition.stage.slice(0, 1).map((stage) => stage.id);
  for (let at = 0; edge.length > 0; at += 1) {
    for (const id of edge) column.set(id, at);
    const next = definition.act
      .filter((act) => act.kind === "step" && act.to && act.from.some((from) => edge.includes(from)))
      .map((act) => act.to as string);
    edge = [...new Set(next)].filter((id) => !column.has(id));
  }
  const last = Math.max(0, ...column.values());
  const rows = new Map<number, number>();
  return definition.stage.map(({ id }) => {
    // What no step leads to comes last: returns and corrections alone lead there.
    const at = column.get(id) ?? last + 1;
    const row = rows.get(at) ?? 0;
    rows.set(at, row + 1);
    return { id, column: at, row };
  });
}
