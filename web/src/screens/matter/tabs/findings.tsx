// What is open or irregular, told loudly at the head of a list and beside the entry.
import { Alert } from "antd";
import type { Finding } from "~/api/shapes";
import { useWords } from "~/words/words";

/** What is out of order, apart from what is merely open. */
const LOUD = new Set(["party_wrong_number", "goods_irregular", "goods_lost", "task_overdue"]);

/** Those of one kind of entry: `P`, `G` or `T`. */
export function findingsOf(all: Finding[], letter: "P" | "G" | "T"): Finding[] {
  return all.filter((one) => one.about.startsWith(letter));
}

export function Findings({ of }: { of: Finding[] }) {
  const { t, pick } = useWords();
  if (of.length === 0) return null;
  const said = new Map<string, { words: string; about: string[] }>();
  for (const one of of) {
    const known = said.get(one.what);
    if (known) known.about.push(one.about);
    else said.set(one.what, { words: pick(one.message), about: [one.about] });
  }
  return (
    <Alert
      type="warning"
      showIcon
      title={t("ledger.findings")}
      description={
        <ul className="tab-list">
          {[...said].map(([what, { words, about }]) => (
            <li key={what}>
              {words}：<span className="number">{about.slice(0, 20).join("、")}</span>
              {about.length > 20 && ` … (${about.length})`}
            </li>
          ))}
        </ul>
      }
    />
  );
}

export function FindingsOf({ of, id }: { of: Finding[]; id: string }) {
  const { pick } = useWords();
  const own = of.filter((one) => one.about === id);
  if (own.length === 0) return null;
  return (
    <ul className="tab-plain-list">
      {own.map((one) => (
        <li key={one.what} className={LOUD.has(one.what) ? "tab-bad" : "quiet"}>
          {LOUD.has(one.what) ? "! " : "· "}
          {pick(one.message)}
        </li>
      ))}
    </ul>
  );
}
