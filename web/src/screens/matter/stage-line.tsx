// Where a matter has been, where it is, where it can go: the stages of its procedure as one line.
import { CheckOutlined, EnvironmentOutlined } from "@ant-design/icons";
import type { Matter, Procedure } from "~/api/shapes";
import { useWords } from "~/words/words";

export function StageLine({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick } = useWords();
  const name = (id: string) => pick(definition.stage.find((one) => one.id === id)?.name) || id;
  const been = (matter.state?.visited ?? []).filter((one) => one !== matter.stage);
  const next = new Set(
    definition.act
      .filter((act) => act.kind === "step" && act.to && act.to !== matter.stage && act.from.includes(matter.stage))
      .map((act) => act.to as string),
  );
  return (
    <ol className="stage-line" aria-label={t("matter.stages")}>
      {been.map((id) => (
        <li key={id} className="stage-been">
          <CheckOutlined aria-label={t("matter.stage.been")} /> {name(id)}
        </li>
      ))}
      <li className="stage-now" aria-current="step">
        <EnvironmentOutlined aria-label={t("matter.stage.now")} /> {name(matter.stage)}
      </li>
      {next.size > 0 && (
        <li className="stage-next">
          {t("matter.stage.next")} {[...next].map(name).join(t("matter.or"))}
        </li>
      )}
    </ol>
  );
}
