/** `sluice/gateway`: the gateway as a library. */
export { systemClock, type Clock } from '../clock.ts'
export {
  resolveModel,
  type GatewayConfig,
  type LogConfig,
  type OnDisconnect,
  type ServerConfig,
} from '../config/config.ts'
export { SluiceError, type ErrorCode, type ErrorEnvelope, type ErrorFacts } from '../errors.ts'
export type { Logger } from '../gateway/context.ts'
export { createGateway, type Gateway, type GatewayOptions } from '../gateway/gateway.ts'
export type { StreamReply, Transport } from '../gateway/http.ts'
export { createFileLog } from '../log/file-log.ts'
export { createMemoryLog, type MemoryLogOptions } from '../log/memory-log.ts'
export type * from '../log/stream-log.ts'
export type * from '../provider/provider.ts'
export { serve, type RunningServer, type ServeOptions } from './serve.ts'
