/** `sluice/sse`: bytes to Server-Sent Events and back. */
export { SseDecoder, decodeSse, type SseDecoderOptions } from './decode.ts'
export { HEARTBEAT, encodeComment, encodeEvent, type OutgoingEvent } from './encode.ts'
export type { SseComment, SseEvent, SseItem, SseRetry } from './event.ts'
