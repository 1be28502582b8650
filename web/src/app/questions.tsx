// The two questions that the client may put in the middle of a request: who are you (again), and what for.
//
// Invariant: the screen behind stays as it is; what was typed there is still there when the question is answered.
import { Form, Input, Modal } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { answerWith } from "~/api/client";
import { queries, SESSION, useSession } from "~/api/queries";
import { Credentials } from "~/screens/sign-in/credentials";
import { useWords } from "~/words/words";

type Waiting<T> = { resolve: (answer: T) => void };

export function Questions({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const [signingIn, setSigningIn] = useState(false);
  const [asking, setAsking] = useState(false);
  const signIns = useRef<Waiting<boolean>[]>([]);
  const purposes = useRef<Waiting<string | undefined>[]>([]);
  const [form] = Form.useForm<{ purpose: string }>();
  const isSignedIn = useRef(false);
  isSignedIn.current = Boolean(who);

  useEffect(() => {
    answerWith({
      signIn: () => {
        // Before the first sign-in the page shows it itself.
        if (!isSignedIn.current) return Promise.resolve(false);
        setSigningIn(true);
        return new Promise((resolve) => signIns.current.push({ resolve }));
      },
      purpose: () => {
        setAsking(true);
        return new Promise((resolve) => purposes.current.push({ resolve }));
      },
    });
  }, []);

  const settleSignIn = (isDone: boolean) => {
    setSigningIn(false);
    for (const one of signIns.current.splice(0)) one.resolve(isDone);
    if (!isDone) queries.setQueryData(SESSION, null);
  };
  const settlePurpose = (purpose: string | undefined) => {
    setAsking(false);
    form.resetFields();
    for (const one of purposes.current.splice(0)) one.resolve(purpose);
  };

  return (
    <>
      {children}
      <Modal
        open={signingIn}
        title={t("sign-in.again")}
        footer={null}
        onCancel={() => settleSignIn(false)}
        destroyOnHidden
      >
        <p>{t("sign-in.again_why")}</p>
        <Credentials login={who?.login} onDone={() => settleSignIn(true)} />
      </Modal>
      <Modal
        open={asking}
        title={t("frame.purpose.title")}
        okText={t("frame.purpose.go_on")}
        cancelText={t("frame.cancel")}
        onCancel={() => settlePurpose(undefined)}
        onOk={() => form.submit()}
      >
        <p>{t("frame.purpose.why")}</p>
        <Form form={form} layout="vertical" onFinish={({ purpose }) => settlePurpose(purpose.trim())}>
          <Form.Item
            name="purpose"
            label={t("frame.purpose.label")}
            rules={[{ required: true, whitespace: true, message: t("frame.purpose.missing") }]}
          >
            <Input.TextArea rows={2} maxLength={200} showCount autoFocus />
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}
