// Which matches are shown and in which order; kept in the address.
import { Select } from "antd";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { useWords } from "~/words/words";
import { type Choice, MEDIA, SORTS, type Sort } from "./matches";

export function useChoice(): [Choice, (change: Partial<Choice>) => void] {
  const [asked, ask] = useSearchParams();
  const sort = asked.get("sort") as Sort | null;
  const medium = asked.get("medium") ?? "";
  const verdict = asked.get("verdict") ?? "";
  const choice = useMemo<Choice>(
    () => ({ medium, verdict, sort: sort && SORTS.includes(sort) ? sort : "report" }),
    [medium, verdict, sort],
  );
  const change = (change: Partial<Choice>) =>
    ask(
      (now) => {
        const next = new URLSearchParams(now);
        for (const [name, value] of Object.entries(change)) {
          if (!value || (name === "sort" && value === "report")) next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: true },
    );
  return [choice, change];
}

/** The choice as part of an address. */
export function choiceQuery(choice: Choice, more: Record<string, string> = {}): string {
  const query = new URLSearchParams(more);
  if (choice.medium) query.set("medium", choice.medium);
  if (choice.verdict) query.set("verdict", choice.verdict);
  if (choice.sort !== "report") query.set("sort", choice.sort);
  return query.toString();
}

export function ChoiceBar({ choice, onChange }: { choice: Choice; onChange: (change: Partial<Choice>) => void }) {
  const { t } = useWords();
  const all = { value: "", label: t("frame.all") };
  const boxes = [
    {
      name: "medium" as const,
      options: [all, ...MEDIA.map((value) => ({ value: value as string, label: t(`review.medium.${value}`) }))],
    },
    {
      name: "verdict" as const,
      options: [
        all,
        ...(["open", "confirmed", "rejected"] as const).map((value) => ({
          value: value as string,
          label: t(`review.verdict.${value}`),
        })),
      ],
    },
    {
      name: "sort" as const,
      options: SORTS.map((value) => ({ value: value as string, label: t(`review.sort.${value}`) })),
    },
  ];
  return (
    <div className="row choice no-print">
      {boxes.map(({ name, options }) => (
        // biome-ignore lint/a11y/noLabelWithoutControl: the control is the box inside
        <label key={name} className="row">
          <span>{t(`review.choice.${name}`)}</span>
          <Select
            value={choice[name] as string}
            options={options}
            onChange={(value) => onChange({ [name]: value })}
            popupMatchSelectWidth={false}
            aria-label={t(`review.choice.${name}`)}
          />
        </label>
      ))}
    </div>
  );
}
