// What changes an account asks for a password typed just now: where the server says so, it is asked for and the same is sent again.
import { Modal } from "antd";
import { type ReactNode, useRef, useState } from "react";
import { Problem } from "~/api/problem";
import { useSession } from "~/api/queries";
import { Credentials } from "~/screens/sign-in/credentials";
import { useWords } from "~/words/words";

/** `[freshly, question]`: wraps a write; the question stands anywhere in the screen. */
export function useFresh(): [<T>(work: () => Promise<T>) => Promise<T>, ReactNode] {
  const { t } = useWords();
  const { data: who } = useSession();
  const [asking, setAsking] = useState(false);
  const settle = useRef<(isDone: boolean) => void>(undefined);

  const freshly = async <T,>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "sign_in_not_fresh") throw error;
      setAsking(true);
      const isDone = await new Promise<boolean>((resolve) => {
        settle.current = resolve;
      });
      setAsking(false);
      if (!isDone) throw error;
      return work();
    }
  };
  const question = (
    <Modal
      open={asking}
      title={t("account.fresh.title")}
      footer={null}
      onCancel={() => settle.current?.(false)}
      destroyOnHidden
    >
      <p>{t("account.fresh.why")}</p>
      <Credentials login={who?.login} onDone={() => settle.current?.(true)} />
    </Modal>
  );
  return [freshly, question];
}
