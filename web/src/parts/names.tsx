// Names of agencies, people, procedures and stages, for the codes that rows hold.
import { useMemo } from "react";
import { useAgencies, useProcedures, useSession } from "~/api/queries";
import type { Procedure } from "~/api/shapes";
import { useWords } from "~/words/words";

export interface NamesOf {
  agency: (code: string | null | undefined) => string;
  unit: (agency: string, code: string | null | undefined) => string;
  /** `agency/user`, or a user of the reader's own agency. */
  person: (id: string | null | undefined) => string;
  procedure: (id: string, version?: number) => string;
  stage: (procedure: string, stage: string, version?: number) => string;
  definition: (id: string, version?: number) => Procedure | undefined;
}

export function useNames(): NamesOf {
  const { pick } = useWords();
  const { data: agencies } = useAgencies();
  const { data: procedures } = useProcedures();
  const { data: who } = useSession();
  return useMemo(() => {
    const definition = (id: string, version?: number) => {
      const versions = (procedures ?? []).filter((one) => one.id === id);
      return versions.find((one) => one.version === version) ?? versions.at(-1);
    };
    const agency = (code: string | null | undefined) =>
      pick(agencies?.find((one) => one.code === code)?.names) || (code ?? "");
    return {
      agency,
      unit: (of, code) =>
        pick(agencies?.find((one) => one.code === of)?.units.find((one) => one.code === code)?.names) || (code ?? ""),
      person: (id) => {
        if (!id) return "";
        const [of, user] = id.includes("/")
          ? [id.slice(0, id.indexOf("/")), id.slice(id.indexOf("/") + 1)]
          : [who?.agency, id];
        if (user === who?.user && of === who?.agency) return who?.name ?? id;
        return of && of !== who?.agency ? `${user} · ${agency(of)}` : (user ?? id);
      },
      procedure: (id, version) => pick(definition(id, version)?.name) || id,
      stage: (procedure, stage, version) =>
        pick(definition(procedure, version)?.stage.find((one) => one.id === stage)?.name) || stage,
      definition,
    };
  }, [agencies, procedures, who, pick]);
}
