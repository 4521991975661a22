import type { Preset } from './preset.ts'

/** Engines on this machine, in the order in which the first one that answers becomes the default. */
export const LOCAL: readonly Preset[] = [
  {
    id: 'ollama',
    title: 'Ollama',
    baseUrl: 'http://127.0.0.1:11434/v1',
    env: { key: [], baseUrl: ['OLLAMA_BASE_URL'] },
    auth: 'none',
    dialect: 'openai',
    quirks: {},
    // Whether a trailing assistant message is continued depends on the model's template.
    continuation: 'none',
    defaultModel: undefined,
    local: true,
    source: 'ollama/ollama openai/openai.go',
  },
  {
    id: 'lm-studio',
    title: 'LM Studio',
    baseUrl: 'http://127.0.0.1:1234/v1',
    env: { key: ['LM_STUDIO_API_KEY'], baseUrl: ['LM_STUDIO_BASE_URL'] },
    auth: 'none',
    dialect: 'openai',
    quirks: {},
    continuation: 'none',
    defaultModel: undefined,
    local: true,
    source: 'lmstudio.ai/docs/developer/openai-compat',
  },
  {
    id: 'llama.cpp',
    title: 'llama.cpp',
    baseUrl: 'http://127.0.0.1:8080/v1',
    env: { key: ['LLAMA_API_KEY'], baseUrl: ['LLAMA_CPP_BASE_URL'] },
    auth: 'none',
    dialect: 'openai',
    quirks: {},
    // With a thinking template on, it answers 400 to a prefill: an attempt that failed, not a loss.
    continuation: 'trailing_assistant',
    defaultModel: undefined,
    local: true,
    source: 'ggml-org/llama.cpp tools/server/README.md (trailing assistant message, LLAMA_API_KEY)',
  },
  {
    id: 'vllm',
    title: 'vLLM',
    baseUrl: 'http://127.0.0.1:8000/v1',
    env: { key: ['VLLM_API_KEY'], baseUrl: ['VLLM_BASE_URL'] },
    auth: 'none',
    dialect: 'openai',
    quirks: {},
    continuation: 'continue_final_message',
    defaultModel: undefined,
    local: true,
    source: 'docs.vllm.ai, OpenAI-compatible server (continue_final_message, VLLM_API_KEY)',
  },
]

/** The provider of `sluice simulate`. Never looked for: it is started on purpose. */
export const SIMULATOR: Preset = {
  id: 'simulator',
  title: 'Simulator',
  baseUrl: 'http://127.0.0.1:9090/v1',
  env: { key: [], baseUrl: [] },
  auth: 'none',
  dialect: 'openai',
  quirks: {},
  continuation: 'continue_final_message',
  defaultModel: 'sim:tokens=200,interval=20ms',
  local: false,
  source: 'this package, src/simulator',
}
