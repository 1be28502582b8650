// The matters that follow from this one: a filed complaint becomes an investigation, an investigation a transfer.
import { Button, Dropdown } from "antd";
import { useState } from "react";
import { useProcedures, useSession } from "~/api/queries";
import type { Matter, Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { useWords } from "~/words/words";
import { OpenSheet } from "./open-sheet";

/** The procedures that the acts so far say may follow. */
function following(matter: Matter, definition: Procedure): string[] {
  const acted = new Set(matter.state?.history.map((past) => past.act));
  return [...new Set(definition.act.filter((act) => acted.has(act.id)).flatMap((act) => act.opens))];
}

export function OpenNext({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick } = useWords();
  const { data: who } = useSession();
  const { data: procedures } = useProcedures();
  const [chosen, setChosen] = useState<Procedure>();
  const next = following(matter, definition)
    .map((id) => procedures?.filter((one) => one.id === id).at(-1))
    .filter((one): one is Procedure => one !== undefined);
  if (!can(who, "open") || next.length === 0) return null;
  return (
    <>
      {next.length === 1 && next[0] ? (
        <Button onClick={() => setChosen(next[0])}>{t("matter.open_next", { name: pick(next[0].name) })}</Button>
      ) : (
        <Dropdown
          trigger={["click"]}
          menu={{ items: next.map((one) => ({ key: one.id, label: pick(one.name), onClick: () => setChosen(one) })) }}
        >
          <Button>{t("matter.open_next_of")}</Button>
        </Dropdown>
      )}
      {chosen && <OpenSheet parent={matter} definition={chosen} onClose={() => setChosen(undefined)} />}
    </>
  );
}
