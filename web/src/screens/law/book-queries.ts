// The rules of law, asked of the server.
import { useQuery } from "@tanstack/react-query";
import { json } from "~/api/client";
import type { Names } from "~/words/words";
import type { Fact, Rule, RuleLine } from "./book";

export const useRules = () =>
  useQuery({
    queryKey: ["law", "rules"],
    queryFn: () => json<{ rule_book: string; rules: RuleLine[] }>("/api/v1/law/rules"),
    staleTime: 3_600_000,
  });

export const useRule = (id: string) =>
  useQuery({
    queryKey: ["law", "rule", id],
    queryFn: () => json<Rule>(`/api/v1/law/rules/${encodeURIComponent(id)}`),
    staleTime: 3_600_000,
  });

/** Offences with the facts that their rules ask for. */
export const useOffences = () =>
  useQuery({
    queryKey: ["law", "offences"],
    queryFn: () =>
      json<{ offences: { id: string; title: Names; citation: Names; facts: Fact[] }[] }>("/api/v1/law/offences"),
    staleTime: 3_600_000,
  });
