// What stands where there is nothing to show: loading, an error with a way out, an empty list.
import { Button, Empty as Nothing, Result, Spin } from "antd";
import type { ReactNode } from "react";
import { useRouteError } from "react-router";
import { explain, Problem } from "~/api/problem";
import { useWords } from "~/words/words";

export function Loading() {
  const { t } = useWords();
  return (
    <div style={{ textAlign: "center", padding: 48 }} role="status">
      <Spin size="large" />
      <div className="quiet">{t("frame.loading")}</div>
    </div>
  );
}

/** An error of a screen or a part of it; `retry` asks again. */
export function Broken({ error, retry }: { error?: unknown; retry?: () => void }) {
  const { t } = useWords();
  const routed = useRouteError();
  const shown = error ?? routed;
  const isAbsent = shown instanceof Problem && shown.status === 404;
  return (
    <Result
      status={isAbsent ? "404" : "warning"}
      icon={<span aria-hidden="true" />}
      title={t(isAbsent ? "frame.absent" : "frame.failed")}
      subTitle={explain(shown)}
      extra={
        retry ? (
          <Button onClick={retry}>{t("frame.again")}</Button>
        ) : (
          <Button onClick={() => window.location.reload()}>{t("frame.reload")}</Button>
        )
      }
    />
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <Nothing image={Nothing.PRESENTED_IMAGE_SIMPLE} description={children} />;
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** A query in its four states: loading, failed, empty, there. */
export function Shown<T>({
  of,
  children,
  isEmpty,
  empty,
}: {
  of: Asked<T>;
  children: (data: T) => ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
}) {
  if (of.data === undefined) {
    return of.error ? <Broken error={of.error} retry={() => void of.refetch()} /> : <Loading />;
  }
  if (isEmpty?.(of.data)) return <Empty>{empty}</Empty>;
  return <>{children(of.data)}</>;
}
