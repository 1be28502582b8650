// Why something was not done: in one sentence, with everything that is missing below it (一次性告知).
import { Alert } from "antd";
import { explain, Problem } from "~/api/problem";
import { useLackWords } from "./lacks";

export function Trouble({ error }: { error: unknown }) {
  const lackWords = useLackWords();
  if (error === undefined) return null;
  const lacks = error instanceof Problem ? (error.body.lacks ?? []) : [];
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={explain(error)}
      description={
        lacks.length > 0 && (
          <ul>
            {lacks.map((lack) => (
              <li key={`${lack.code} ${lack.subject ?? ""}`}>{lackWords(lack)}</li>
            ))}
          </ul>
        )
      }
    />
  );
}
