// Names of agencies, people, procedures and stages, for the codes that rows hold.
import { useMemo } from "react";
import { useLocation } from "react-router";
import { useAgencies, usePeople, useProcedures, useSession, useTerms } from "~/api/queries";
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
  role: (word: string) => string;
  /** A coded word of a group of `/terms`. */
  term: (group: string, word: string) => string;
}

export function useNames(): NamesOf {
  const { pick } = useWords();
  const { data: agencies } = useAgencies();
  const { data: procedures } = useProcedures();
  const { data: who } = useSession();
  const { data: terms } = useTerms();
  // On the screen of a matter those who occur in it are told too, of other agencies as well.
  const matter = /^\/matters\/([^/]+)/.exec(useLocation().pathname)?.[1];
  const { data: own } = usePeople(undefined, Boolean(who));
  const { data: there } = usePeople(matter, Boolean(who && matter));
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
        const wanted = `${of}/${user}`;
        const name = [...(own ?? []), ...(there ?? [])].find((one) => one.id === wanted)?.name ?? user ?? id;
        return of && of !== who?.agency ? `${name} · ${agency(of)}` : name;
      },
      procedure: (id, version) => pick(definition(id, version)?.name) || id,
      stage: (procedure, stage, version) =>
        pick(definition(procedure, version)?.stage.find((one) => one.id === stage)?.name) || stage,
      definition,
      role: (word) => pick(terms?.roles.find((one) => one.word === word)) || word,
      term: (group, word) => pick(terms?.terms[group]?.find((one) => one.word === word)) || word,
    };
  }, [agencies, procedures, who, own, there, terms, pick]);
}
