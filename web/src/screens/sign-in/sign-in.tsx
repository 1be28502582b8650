// Signing in: by password, with a provider, as somebody of the demo; or setting the platform up for the first time.

import { useQuery } from "@tanstack/react-query";
import { Button, Card, Divider, Segmented, Space } from "antd";
import { useState } from "react";
import { json, write } from "~/api/client";
import { queries, SESSION } from "~/api/queries";
import { type Names, speak, useWords } from "~/words/words";
import { Credentials } from "./credentials";
import { FirstStart } from "./first-start";

/** What `quanlian demo --serve` puts into the page: whom one can be. */
interface Demo {
  password: string;
  accounts: { login: string; name: string; agency: Names; roles: Names[] }[];
}

function demo(): Demo | undefined {
  const text = document.querySelector<HTMLMetaElement>('meta[name="quanlian-demo"]')?.content;
  if (!text) return undefined;
  try {
    return JSON.parse(text) as Demo;
  } catch {
    return undefined;
  }
}

export function SignIn() {
  const { t, language } = useWords();
  const [isFirst, setIsFirst] = useState(false);
  const sample = demo();
  return (
    <main className="sign-in">
      <Card className="sign-in-card" title={<h1 className="sign-in-name">{t("frame.full_name")}</h1>}>
        {isFirst ? <FirstStart onDone={() => setIsFirst(false)} /> : <Credentials />}
        {!isFirst && <Providers />}
        <Divider style={{ margin: "16px 0" }} />
        <Space style={{ justifyContent: "space-between", width: "100%" }} wrap>
          <Button type="link" style={{ padding: 0 }} onClick={() => setIsFirst(!isFirst)}>
            {t(isFirst ? "sign-in.back" : "sign-in.first_start")}
          </Button>
          <Segmented
            value={language}
            onChange={(value) => void speak(value as "zh" | "en")}
            options={[
              { value: "zh", label: "中文" },
              { value: "en", label: "English" },
            ]}
          />
        </Space>
      </Card>
      {sample && !isFirst && <DemoAccounts demo={sample} />}
    </main>
  );
}

function Providers() {
  const { t } = useWords();
  const { data } = useQuery({
    queryKey: ["providers"],
    queryFn: () => json<{ name: string }[]>("/api/v1/session/oidc"),
    retry: false,
  });
  if (!data?.length) return null;
  const go = async (name: string) => {
    const away = await write<{ address?: string | null }>("POST", `/api/v1/session/oidc/${encodeURIComponent(name)}`);
    if (away.address) window.location.assign(away.address);
  };
  return (
    <Space orientation="vertical" style={{ width: "100%", marginTop: 12 }}>
      {data.map(({ name }) => (
        <Button key={name} block onClick={() => void go(name)}>
          {t("sign-in.with", { name })}
        </Button>
      ))}
    </Space>
  );
}

function DemoAccounts({ demo: { accounts, password } }: { demo: Demo }) {
  const { t, pick } = useWords();
  const [busy, setBusy] = useState<string>();
  const be = async (login: string) => {
    setBusy(login);
    try {
      await write("POST", "/api/v1/session", { login, password });
      await queries.invalidateQueries({ queryKey: SESSION });
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <Card className="sign-in-demo" title={t("sign-in.demo")}>
      <p className="quiet">{t("sign-in.demo_why")}</p>
      <ul className="sign-in-people">
        {accounts.map((one) => (
          <li key={one.login}>
            <Button block loading={busy === one.login} onClick={() => void be(one.login)} data-login={one.login}>
              <strong>{one.roles.map(pick).join(" · ")}</strong>
              <span className="quiet">
                {one.name} · {pick(one.agency)}
              </span>
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
}
