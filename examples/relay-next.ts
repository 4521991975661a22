// Next.js: app/stream/route.ts. A route handler is a function from a web Request to a web Response, so the same file
// works wherever there are such functions: Bun.serve, Deno.serve, Cloudflare Workers, SvelteKit, Remix.
import { OpenAI } from 'sluice'

/** GET /stream?message=… for an EventSource. */
export async function GET(request: Request): Promise<Response> {
  const message = new URL(request.url).searchParams.get('message') ?? 'Привет!'
  try {
    const client = new OpenAI()
    const stream = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: message }],
      stream: true,
    })
    // When the page is left the response is cancelled, and the model stops.
    return stream.toResponse({ dialect: 'relay' })
  } catch (error) {
    const text = `data: ${JSON.stringify({ error: String(error), done: true })}\n\n`
    return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
  }
}
