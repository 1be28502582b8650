// One's own account: who one is, password, second factor, mail, tokens.
import { Card, Descriptions } from "antd";
import type { ReactNode } from "react";
import { useSession } from "~/api/queries";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { OwnMail } from "./own-mail";
import { OwnPassword } from "./own-password";
import { SecondFactor } from "./second-factor";
import { Tokens } from "./tokens";
import "./account.css";

export function Component() {
  const { t, maybe, instant } = useWords();
  const names = useNames();
  const { data: who } = useSession();
  if (!who) return null;
  return (
    <Page title={t("frame.nav.account")}>
      <div className="account">
        <Part title={t("account.me.title")}>
          <Descriptions
            column={1}
            size="small"
            items={[
              { key: "name", label: t("account.me.name"), children: who.name },
              { key: "login", label: t("account.me.login"), children: who.login },
              {
                key: "agency",
                label: t("account.me.agency"),
                children: [names.agency(who.agency), names.unit(who.agency, who.unit)].filter(Boolean).join(" · "),
              },
              {
                key: "roles",
                label: t("account.me.roles"),
                children: who.roles.map((role) => maybe(`roles.${role}`, role)).join(" · "),
              },
              { key: "made", label: t("account.me.made_at"), children: instant(who.made_at) },
            ]}
          />
          <p className="quiet">{t("account.me.why")}</p>
        </Part>
        {who.has_password && (
          <Part title={t("account.password.title")}>
            <OwnPassword />
          </Part>
        )}
        <Part title={t("account.second.title")}>
          <SecondFactor isSet={who.has_second_factor} />
        </Part>
        <Part title={t("account.mail.title")}>
          <OwnMail />
        </Part>
        <Part title={t("account.token.title")}>
          <Tokens />
        </Part>
      </div>
    </Page>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return <Card title={<h2 className="account-part">{title}</h2>}>{children}</Card>;
}
