import { counterStoreOn, InvocationCounters } from "@amity/headend";
import type { World } from "@amity/runtime";
import type { Store } from "@amity/store";
import { HEAD_END_SYSTEM_TITLE } from "./head-end.ts";
import { listenForPushes, type ListeningForPushes } from "./push-receiver.ts";
import { PushDirectory, PushSenders } from "./push-senders.ts";
import type { Utility } from "./utility.ts";

/** Takes what the meters of an own fleet push, on a port of its own: TCP and UDP with the wrapper. */
export async function receiveOwnPushes(
  { utility, world, store }: { readonly utility: Utility; readonly world: World; readonly store: Store },
  where: { readonly host: string; readonly port: number },
): Promise<ListeningForPushes> {
  const directory = new PushDirectory(utility.registry, world.timers);
  const senders = new PushSenders(utility.keys, new InvocationCounters(counterStoreOn(store)));
  await directory.load();
  return listenForPushes({
    network: world.network,
    timers: world.timers,
    ...where,
    meterOf: (logicalDeviceName) => directory.ofName(logicalDeviceName),
    senderOf: async (systemTitle) => {
      const meterId = directory.ofTitle(systemTitle);
      return meterId === undefined ? undefined : senders.sender(meterId);
    },
    systemTitle: HEAD_END_SYSTEM_TITLE,
    onPush: (meterId, apdu) => utility.headEnd.takePush(meterId, apdu),
    onEvent: (event) => utility.events.take(event),
    onRefused: (reason) => world.log.warn("push-refused", { reason }),
  });
}
