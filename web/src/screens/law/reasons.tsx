// The tree of reasons: each with its state in sign and word, the numbers that were compared, the article, the evidence.
import { CheckCircleFilled, CloseCircleOutlined, InfoCircleOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useFiles } from "~/api/queries";
import type { FileView } from "~/api/shapes";
import { Citation } from "~/parts/citation";
import { useWords } from "~/words/words";
import type { Amount, Cites, Reason, Truth } from "./shapes";

const SIGNS: Record<Truth, ReactNode> = {
  met: <CheckCircleFilled />,
  not_met: <CloseCircleOutlined />,
  unknown: <QuestionCircleOutlined />,
};

export function StateMark({ of }: { of: Truth }) {
  const { t } = useWords();
  return (
    <span className={`state state-${of}`}>
      <span aria-hidden="true">{SIGNS[of]}</span> {t(`law.state.${of}`)}
    </span>
  );
}

export function Cite({ of }: { of: Cites }) {
  return of.citation ? <Citation of={{ ...of, citation: of.citation }} /> : null;
}

export const sizeOf = (amount: Amount): number => ("fen" in amount ? amount.fen : amount.count);

export function Reasons({ of, matter, isOpen }: { of: Reason[]; matter: string; isOpen?: boolean }) {
  return (
    <ul className="reasons">
      {of.map((reason, at) => (
        <Node
          key={reason.line ?? `${reason.kind}-${reason.fact ?? ""}-${at}`}
          of={reason}
          matter={matter}
          isOpen={isOpen}
        />
      ))}
    </ul>
  );
}

function Node({ of, matter, isOpen }: { of: Reason; matter: string; isOpen?: boolean }) {
  const { t, pick } = useWords();
  const children = (of.children ?? []).filter((child) => child.kind !== "applies");
  if (of.kind === "tier") {
    return (
      <li className="reason reason-tier">
        <details open>
          <summary>
            <StateMark of={of.state ?? "unknown"} /> {pick(of.text)}
          </summary>
          <Lines of={children} matter={matter} />
        </details>
      </li>
    );
  }
  return (
    <li className={`reason reason-${of.kind}`}>
      <Head of={of} matter={matter} />
      {children.length > 0 && (
        <details className="parts" open={isOpen || undefined}>
          <summary>{t("law.parts", { count: children.length })}</summary>
          <Reasons of={children} matter={matter} isOpen={isOpen} />
        </details>
      )}
    </li>
  );
}

const RANK: Record<Truth, number> = { met: 0, not_met: 1, unknown: 2 };

/** Lines of a tier: what is met first, because one is enough; those of which nobody stated anything stand folded at the end. */
function Lines({ of, matter }: { of: Reason[]; matter: string }) {
  const { t } = useWords();
  const isSilent = (reason: Reason) =>
    reason.state === "unknown" &&
    (reason.compared
      ? sizeOf(reason.compared.at_least) === 0
      : !reason.children?.some((child) => child.kind !== "applies"));
  const told = of
    .filter((reason) => !isSilent(reason))
    .sort((one, other) => RANK[one.state ?? "unknown"] - RANK[other.state ?? "unknown"]);
  const silent = of.filter(isSilent);
  return (
    <>
      <Reasons of={told} matter={matter} />
      {silent.length > 0 && (
        <details className="silent" open={told.length === 0}>
          <summary>{t("law.silent", { count: silent.length })}</summary>
          <Reasons of={silent} matter={matter} />
        </details>
      )}
    </>
  );
}

function Head({ of, matter }: { of: Reason; matter: string }) {
  const { t, pick, maybe } = useWords();
  return (
    <span className="reason-head">
      {of.state ? (
        <StateMark of={of.state} />
      ) : (
        <span className="state">
          <InfoCircleOutlined aria-hidden="true" /> {t("law.state.note")}
        </span>
      )}
      <span className="reason-body">
        <span className="reason-text">{pick(of.text)}</span>
        <Applies of={of.children} />
        {of.compared && <Bar of={of.compared} />}
        <span className="reason-foot">
          {of.kind !== "tier" && <Cite of={of} />}
          {of.certainty && of.certainty !== "certain" && (
            <span className="light-red">{maybe(`law.certainty.${of.certainty}`, of.certainty)}</span>
          )}
          <Evidence ids={of.evidence} matter={matter} />
        </span>
      </span>
    </span>
  );
}

/** What a line asks for before it applies; it tells one line from another with the same numbers. */
function Applies({ of }: { of: Reason[] | undefined }) {
  const { t, pick } = useWords();
  const asked = (of ?? []).filter((child) => child.kind === "applies");
  if (asked.length === 0) return null;
  return (
    <span className="applies">
      {t("law.applies")}
      {asked.map((one) => (
        <span key={one.text.en} className={`state state-${one.state ?? "unknown"}`}>
          <span aria-hidden="true">{SIGNS[one.state ?? "unknown"]}</span> {pick(one.text)}
        </span>
      ))}
    </span>
  );
}

/** The number beside the line; its words stand above it. */
function Bar({ of }: { of: NonNullable<Reason["compared"]> }) {
  const line = sizeOf(of.threshold);
  const low = sizeOf(of.at_least);
  const high = of.at_most === null ? undefined : sizeOf(of.at_most);
  if (line <= 0 || (low === 0 && high === undefined)) return null;
  // The line stands in the middle; what is more than twice as much ends at the edge.
  const share = (value: number) => Math.min(100, (value / line) * 50);
  return (
    <span className="bar" aria-hidden="true">
      <span className={low >= line ? "bar-known bar-met" : "bar-known"} style={{ width: `${share(low)}%` }} />
      {(high === undefined || high > low) && (
        <span
          className="bar-possible"
          style={{ left: `${share(low)}%`, width: `${(high === undefined ? 100 : share(high)) - share(low)}%` }}
        />
      )}
      <span className="bar-line" />
      {low > line * 2 && <span className="bar-beyond">»</span>}
    </span>
  );
}

/** The files behind a fact; an id that is no file of this matter stands as it is. */
export function Evidence({ ids, matter }: { ids: string[] | undefined; matter: string }) {
  const { t } = useWords();
  const { data: files } = useFiles(matter);
  if (!ids || ids.length === 0) return null;
  return (
    <span className="evidence">
      <span className="quiet">{t("law.evidence")}</span>
      {ids.map((id) => {
        const file = files && fileOf(files, id);
        return file ? (
          <Link key={id} to={`/matters/${matter}/evidence?file=${file.id}`}>
            {file.name}
          </Link>
        ) : (
          <span key={id} className="number" title={id}>
            {id.length > 12 ? `${id.slice(0, 8)}…` : id}
          </span>
        );
      })}
    </span>
  );
}

/** Evidence is named by the file, by its deposit, or by the file that it was taken over from. */
export function fileOf(files: FileView[], id: string): FileView | undefined {
  return (
    files.find((file) => file.id === id || file.receipt?.deposit === id) ?? files.find((file) => file.copy_of === id)
  );
}
