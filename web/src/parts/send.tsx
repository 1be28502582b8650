// Sending something: busy while it is on its way, and what was wrong, in words, above what was typed.
import { Alert } from "antd";
import { useState } from "react";
import { explain, Problem } from "~/api/problem";
import { useWords } from "~/words/words";

export interface Sending {
  busy: boolean;
  error: unknown;
  /** Whether it was done; what was wrong is kept until the next try. */
  run: (work: () => Promise<void>) => Promise<boolean>;
  clear: () => void;
}

export function useSend(): Sending {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return {
    busy,
    error,
    run: async (work) => {
      setBusy(true);
      setError(undefined);
      try {
        await work();
        return true;
      } catch (failed) {
        setError(failed);
        return false;
      } finally {
        setBusy(false);
      }
    },
    clear: () => setError(undefined),
  };
}

/** What was wrong, with what the server names beside it: weaknesses of a password, what it knows instead. */
export function Failed({ error, action }: { error: unknown; action?: React.ReactNode }) {
  const { t, maybe } = useWords();
  if (error === undefined) return null;
  const body = error instanceof Problem ? error.body : {};
  const weaknesses = Array.isArray(body["weaknesses"]) ? body["weaknesses"].map(String) : [];
  const why = typeof body["why"] === "string" ? body["why"] : undefined;
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      className="failed"
      title={explain(error)}
      action={action}
      description={
        weaknesses.length > 0 || why ? (
          <ul>
            {weaknesses.map((code) => (
              <li key={code}>
                {maybe(`problem.weakness.${code}`, code)}
                {code === "password_too_short" && typeof body["min_chars"] === "number"
                  ? t("problem.weakness.at_least", { count: body["min_chars"] })
                  : ""}
              </li>
            ))}
            {why && <li>{why}</li>}
          </ul>
        ) : undefined
      }
    />
  );
}
