// All answers on one page, each with a way back to it, before anything is filed.
import { Input } from "antd";
import { Link } from "react-router";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { type Answers, type Field as FieldName, nameOf, type Step } from "./answers";
import { useChosen } from "./chosen-files";
import { Field, fieldId } from "./field";
import { places, rightsOf } from "./paste";

const MAX_SHOWN = 20;

export interface Row {
  step: Step;
  field: FieldName;
  label: string;
  value: string;
}

/** The answers in words: on the page, and in the letter that is filed. */
export function useRows(of: Answers, isWhole: boolean): Row[] {
  const { t, day, size } = useWords();
  const names = useNames();
  const chosen = useChosen();
  const found = places(of.where);
  const lines = (all: string[]) =>
    isWhole || all.length <= MAX_SHOWN
      ? all.join("\n")
      : [...all.slice(0, MAX_SHOWN), t("uploads.and_more", { count: all.length - MAX_SHOWN })].join("\n");
  const rows: (Row | undefined)[] = [
    of.agency ? row("right", "agency", names.agency(of.agency)) : undefined,
    row("right", "subject", t(`intake.subjects.${of.subject}`)),
    row("right", "rights", lines(rightsOf(of.rights))),
    row("right", "work", of.work.trim()),
    row("right", "holder", of.holder.trim()),
    row("where", "where", lines([...found.links, ...found.accounts])),
    row(
      "where",
      "files",
      lines(chosen.map(({ file, kind }) => `${file.name} (${size(file.size)}, ${t(`uploads.kind.${kind}`)})`)),
    ),
    row("where", "story", of.story.trim()),
    row("where", "place", of.place.trim()),
    row("who", "who", t(`intake.whos.${of.who}`)),
    ...(of.who === "anonymous"
      ? []
      : [
          row("who", "name", `${nameOf(of)} (${t(`intake.party_kinds.${of.party_kind}`)})`),
          row("who", "contact", of.contact.trim()),
          row("who", "number", of.number.trim()),
          row("who", "address", of.address.trim()),
        ]),
    row("who", "letter", of.letter.trim()),
    row("who", "received_on", of.received_on ? day(of.received_on) : ""),
  ];
  return rows.filter((one): one is Row => one !== undefined && one.value !== "");

  function row(step: Step, field: Exclude<FieldName, "party_kind" | "title">, value: string): Row {
    return { step, field, label: t(`intake.${field}`), value };
  }
}

/** What the matter is called unless somebody says otherwise. */
export function useTitle(of: Answers): string {
  const { t } = useWords();
  const work = of.work.trim() || rightsOf(of.rights)[0] || "";
  const holder = of.holder.trim();
  return (of.title.trim() || t("intake.title_of", { work, holder })).slice(0, 160);
}

export function CheckPage({
  of,
  set,
  faultOf,
}: {
  of: Answers;
  set: (change: Partial<Answers>) => void;
  faultOf: (field: FieldName) => string | undefined;
}) {
  const { t } = useWords();
  const rows = useRows(of, false);
  const title = useTitle({ ...of, title: "" });
  return (
    <>
      <Field name="title" label={t("intake.title")} hint={t("intake.title_hint")} fault={faultOf("title")}>
        {(props) => (
          <Input
            {...props}
            value={of.title}
            placeholder={title}
            onChange={(event) => set({ title: event.target.value })}
          />
        )}
      </Field>
      <table className="intake-answers">
        <caption className="hidden-text">{t("intake.steps.check")}</caption>
        <tbody>
          {rows.map((row) => (
            <tr key={row.field}>
              <th scope="row">{row.label}</th>
              <td className="intake-lines">{row.value}</td>
              <td className="no-print">
                <Link
                  to={`?step=${row.step}#${fieldId(row.field)}`}
                  aria-label={t("intake.change_of", { what: row.label })}
                >
                  {t("intake.change")}
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
