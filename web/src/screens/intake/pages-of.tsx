// The pages of the complaint, one group of questions each.
import { Alert, Button, Input, Radio, Select, Tag } from "antd";
import { useDeferredValue, useMemo } from "react";
import { KINDS, type Kind, kindOf } from "~/api/chosen";
import { FileDrop } from "~/parts/file-drop";
import { useNames } from "~/parts/names";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import { type Answers, type Fault, type Field as FieldName, nameOf, PARTY_KINDS, SUBJECTS, WHO } from "./answers";
import { sameFile, setChosen, useChosen } from "./chosen-files";
import { Field } from "./field";
import { MAX_NAMED, places, withoutBad } from "./paste";

const MAX_BAD_SHOWN = 10;

export interface PageProps {
  of: Answers;
  set: (change: Partial<Answers>) => void;
  faultOf: (field: FieldName) => string | undefined;
  /** Agencies that may receive it, where the caller has to choose. */
  agencies: string[] | undefined;
}

/** The words of a fault. */
export function useFaultWords(): (fault: Fault) => string {
  const { t } = useWords();
  return (fault) => t(`intake.fault.${fault.what}`);
}

export function RightPage({ of, set, faultOf, agencies }: PageProps) {
  const { t, compare } = useWords();
  const names = useNames();
  return (
    <>
      {agencies && (
        <Field name="agency" label={t("intake.agency")} hint={t("intake.agency_hint")} fault={faultOf("agency")}>
          {(props) => (
            <Select
              {...props}
              value={of.agency || undefined}
              onChange={(agency) => set({ agency })}
              showSearch={{ optionFilterProp: "label" }}
              options={agencies
                .map((code) => ({ value: code, label: names.agency(code) }))
                .sort((left, right) => compare(left.label, right.label))}
              style={{ width: "100%" }}
            />
          )}
        </Field>
      )}
      <fieldset className="intake-group">
        <legend>{t("intake.subject")}</legend>
        <Radio.Group
          value={of.subject}
          onChange={(event) => set({ subject: event.target.value })}
          optionType="button"
          options={SUBJECTS.map((one) => ({ value: one, label: t(`intake.subjects.${one}`) }))}
        />
      </fieldset>
      <Field name="rights" label={t("intake.rights")} hint={t("intake.rights_hint")} fault={faultOf("rights")}>
        {(props) => (
          <Input.TextArea
            {...props}
            value={of.rights}
            rows={2}
            onChange={(event) => set({ rights: event.target.value })}
          />
        )}
      </Field>
      <div className="grid-2">
        <Field name="work" label={t("intake.work")} hint={t("intake.work_hint")} fault={faultOf("work")}>
          {(props) => <Input {...props} value={of.work} onChange={(event) => set({ work: event.target.value })} />}
        </Field>
        <Field name="holder" label={t("intake.holder")} hint={t("intake.holder_hint")} fault={faultOf("holder")}>
          {(props) => (
            <Input
              {...props}
              autoComplete="organization"
              value={of.holder}
              onChange={(event) => set({ holder: event.target.value })}
            />
          )}
        </Field>
      </div>
    </>
  );
}

export function WherePage({ of, set, faultOf }: PageProps) {
  const { t } = useWords();
  return (
    <>
      <Field name="where" label={t("intake.where")} hint={t("intake.where_hint")} fault={faultOf("where")}>
        {(props) => (
          <Input.TextArea
            {...props}
            value={of.where}
            rows={4}
            spellCheck={false}
            onChange={(event) => set({ where: event.target.value })}
          />
        )}
      </Field>
      <PastedSays text={of.where} onTidy={() => set({ where: withoutBad(of.where) })} />
      <Field name="files" label={t("intake.files")} hint={t("intake.files_hint")} fault={faultOf("files")}>
        {({ id }) => (
          <div id={id} tabIndex={-1}>
            <ChosenFiles of={of} set={set} />
          </div>
        )}
      </Field>
      <div className="grid-2">
        <Field name="story" label={t("intake.story")} hint={t("intake.story_hint")} fault={faultOf("story")}>
          {(props) => (
            <Input.TextArea
              {...props}
              value={of.story}
              rows={3}
              maxLength={10_000}
              onChange={(event) => set({ story: event.target.value })}
            />
          )}
        </Field>
        <Field name="place" label={t("intake.place")} hint={t("intake.place_hint")} fault={faultOf("place")}>
          {(props) => (
            <Input
              {...props}
              inputMode="numeric"
              maxLength={12}
              value={of.place}
              onChange={(event) => set({ place: event.target.value })}
            />
          )}
        </Field>
      </div>
    </>
  );
}

/** What was made of a paste: counts, and the lines that are nothing. */
function PastedSays({ text, onTidy }: { text: string; onTidy: () => void }) {
  const { t } = useWords();
  const late = useDeferredValue(text);
  const found = useMemo(() => places(late), [late]);
  if (late.trim() === "") return null;
  const beyond = found.links.length + found.accounts.length - MAX_NAMED;
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row" role="status">
        <Tag>{t("intake.links", { count: found.links.length })}</Tag>
        <Tag>{t("intake.accounts", { count: found.accounts.length })}</Tag>
        {found.repeated > 0 && <Tag>{t("intake.repeated", { count: found.repeated })}</Tag>}
        {beyond > 0 && <span className="quiet">{t("intake.listed", { count: MAX_NAMED })}</span>}
        {found.beyond > 0 && <strong className="light-red">{t("intake.beyond", { count: found.beyond })}</strong>}
      </div>
      {found.bad.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t("intake.bad", { count: found.bad.length })}
          action={
            <Button size="small" onClick={onTidy}>
              {t("intake.tidy", { count: found.bad.length })}
            </Button>
          }
          description={
            <ul className="file-refused">
              {found.bad.slice(0, MAX_BAD_SHOWN).map((one) => (
                <li key={one.line}>{t("intake.bad_line", { line: one.line, text: one.text })}</li>
              ))}
              {found.bad.length > MAX_BAD_SHOWN && (
                <li>{t("uploads.and_more", { count: found.bad.length - MAX_BAD_SHOWN })}</li>
              )}
            </ul>
          }
        />
      )}
    </div>
  );
}

function ChosenFiles({ of, set }: Pick<PageProps, "of" | "set">) {
  const { t, size } = useWords();
  const chosen = useChosen();
  const keep = (next: typeof chosen, gone: Answers["files"] = []) => {
    setChosen(next);
    set({ files: [...next.map(({ file, kind }) => ({ name: file.name, size: file.size, kind })), ...gone] });
  };
  // Of an earlier visit their names are left.
  const gone = of.files.filter((one) => !chosen.some(({ file }) => sameFile(file, one)));
  return (
    <div className="stack">
      <FileDrop
        onFiles={(files) => {
          const added = files
            .filter((file) => !chosen.some((one) => sameFile(one.file, file)))
            .map((file) => ({
              file,
              // A file that is chosen again is what it was before.
              kind: (gone.find((one) => sameFile(one, file))?.kind as Kind | undefined) ?? kindOf(file.name, "suspect"),
            }));
          keep(
            [...chosen, ...added],
            gone.filter((one) => !added.some(({ file }) => sameFile(file, one))),
          );
        }}
      />
      {gone.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t("intake.gone", { count: gone.length })}
          description={gone
            .map((one) => t("uploads.broken_off_file", { name: one.name, size: size(one.size) }))
            .join("；")}
          action={
            <Button size="small" onClick={() => keep(chosen)}>
              {t("intake.without")}
            </Button>
          }
        />
      )}
      {chosen.length > 0 && (
        <ul className="uploads">
          {chosen.slice(0, 200).map((one, at) => (
            <li key={`${one.file.name}/${one.file.size}`} className="uploads-line">
              <span className="uploads-name">
                {one.file.name} <span className="quiet number">{size(one.file.size)}</span>
              </span>
              <Select<Kind>
                size="small"
                value={one.kind}
                aria-label={t("intake.kind_of", { name: one.file.name })}
                style={{ minWidth: 150 }}
                options={KINDS.map((kind) => ({ value: kind, label: t(`uploads.kind.${kind}`) }))}
                onChange={(kind) =>
                  keep(
                    chosen.map((other, place) => (place === at ? { ...other, kind } : other)),
                    gone,
                  )
                }
              />
              <Button
                size="small"
                aria-label={t("intake.remove_file", { name: one.file.name })}
                onClick={() =>
                  keep(
                    chosen.filter((_, place) => place !== at),
                    gone,
                  )
                }
              >
                {t("intake.remove")}
              </Button>
            </li>
          ))}
          {chosen.length > 200 && <li className="quiet">{t("uploads.and_more", { count: chosen.length - 200 })}</li>}
        </ul>
      )}
    </div>
  );
}

export function WhoPage({ of, set, faultOf, agencies }: PageProps) {
  const { t } = useWords();
  const isNamed = of.who !== "anonymous";
  const text = (field: "name" | "number" | "contact" | "address" | "letter", hint?: string, complete?: string) => (
    <Field name={field} label={t(`intake.${field}`)} hint={hint} fault={faultOf(field)}>
      {(props) => (
        <Input
          {...props}
          autoComplete={complete ?? "off"}
          placeholder={field === "name" ? nameOf(of) : undefined}
          value={of[field]}
          maxLength={200}
          onChange={(event) => set({ [field]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      <fieldset className="intake-group">
        <legend>{t("intake.who")}</legend>
        <Radio.Group
          value={of.who}
          onChange={(event) => set({ who: event.target.value })}
          optionType="button"
          options={WHO.filter((one) => !agencies || one !== "anonymous").map((one) => ({
            value: one,
            label: t(`intake.whos.${one}`),
          }))}
        />
      </fieldset>
      {isNamed && (
        <>
          <fieldset className="intake-group">
            <legend>{t("intake.party_kind")}</legend>
            <Radio.Group
              value={of.party_kind}
              onChange={(event) => set({ party_kind: event.target.value })}
              options={PARTY_KINDS.map((one) => ({ value: one, label: t(`intake.party_kinds.${one}`) }))}
            />
          </fieldset>
          <div className="grid-2">
            {text("name", of.who === "right_holder" ? t("intake.name_hint") : undefined, "name")}
            {text("contact", t("intake.contact_hint"), "tel")}
            {text("number", t(of.party_kind === "natural" ? "intake.number_hint_person" : "intake.number_hint"))}
            {text("address", undefined, "street-address")}
          </div>
        </>
      )}
      {!agencies && (
        <div className="grid-2">
          {text("letter", t("intake.letter_hint"))}
          <Field
            name="received_on"
            label={t("intake.received_on")}
            hint={t("intake.received_on_hint")}
            fault={faultOf("received_on")}
          >
            {(props) => (
              <Input
                {...props}
                type="date"
                max={today()}
                value={of.received_on}
                onChange={(event) => set({ received_on: event.target.value })}
              />
            )}
          </Field>
        </div>
      )}
    </>
  );
}
