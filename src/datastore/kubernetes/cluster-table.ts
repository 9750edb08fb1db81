import { KindTable, type KindTableEvents } from "../kind-table.ts";
import { locateInObject } from "../locate.ts";
import { parseResource } from "../parse-resource.ts";
import { resourceKeyText } from "../resources.ts";
import { BUILT_IN_TIERS } from "../schema/tier.ts";
import { trimObject } from "../trim-object.ts";
import type { ApiObject } from "./api-object.ts";
import type { WatchedKind } from "./watched-kinds.ts";

/** The objects of one kind of a cluster: trimmed as they arrive, then read. */
export function clusterTable(kind: WatchedKind, events: KindTableEvents): KindTable<ApiObject> {
  const { resourceKind } = kind;
  const read = ({ name, namespace, value }: ApiObject, apiVersion: string) =>
    parseResource(
      trimObject(value, kind, apiVersion),
      locateInObject(resourceKeyText({ kind: resourceKind, namespace, name })),
    );
  const builtIn = resourceKind === "Tier" ? BUILT_IN_TIERS : [];
  return new KindTable({ kind: kind.kind, resourceKind, builtIn, read }, events);
}
