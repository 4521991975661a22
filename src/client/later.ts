import { APIConnectionError } from './errors.ts'

/** What an event is cannot be told before something is loaded, or put together: then it is looked at again. */
export class Later {
  readonly ready: () => Promise<unknown>

  constructor(ready: () => Promise<unknown>) {
    this.ready = ready
  }
}

/**
 * A part of the SDK that is loaded when it is needed.
 *
 * @throws APIConnectionError when it cannot be had: in a page it comes over the network.
 */
export async function loaded<Part>(part: Promise<Part>): Promise<Part> {
  try {
    return await part
  } catch (cause) {
    throw new APIConnectionError({ message: 'A part of the SDK could not be loaded.', cause })
  }
}
