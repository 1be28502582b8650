// Opening a matter of any procedure that one of the reader's roles may open.
import { PlusOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { lazy, Suspense, useState } from "react";
import { useProcedures, useSession } from "~/api/queries";
import type { Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { useWords } from "~/words/words";

const Sheet = lazy(async () => ({ default: (await import("~/screens/matter/open-sheet")).OpenSheet }));

export function OpenMatter() {
  const { t, pick, compare } = useWords();
  const { data: who } = useSession();
  const { data: procedures } = useProcedures();
  const [chosen, setChosen] = useState<Procedure>();
  const newest = new Map((procedures ?? []).map((one) => [one.id, one]));
  const mine = [...newest.values()]
    .filter((one) => one.act.some((act) => act.kind === "open" && act.roles.some((role) => who?.roles.includes(role))))
    .sort((left, right) => compare(pick(left.name), pick(right.name)));
  if (!can(who, "open") || mine.length === 0) return null;
  return (
    <>
      <Dropdown
        trigger={["click"]}
        menu={{ items: mine.map((one) => ({ key: one.id, label: pick(one.name), onClick: () => setChosen(one) })) }}
      >
        <Button icon={<PlusOutlined />}>{t("matter.open_new")}</Button>
      </Dropdown>
      {chosen && (
        <Suspense>
          <Sheet definition={chosen} onClose={() => setChosen(undefined)} />
        </Suspense>
      )}
    </>
  );
}
