// Stop sequences: the service is told of them, and `stopAt` holds where the service does not.
import { OpenAI, stopAt } from 'sluice'

const client = new OpenAI()

const stop = ['КОНЕЦ', 'END']
const stream = await client.chat.completions.create({
  model: 'default',
  messages: [
    { role: 'system', content: 'Создавай список и заканчивай словом КОНЕЦ' },
    { role: 'user', content: 'Дай советы по изучению Python' },
  ],
  stream: true,
  stop,
  max_tokens: 300,
})
let stoppedBy: string | undefined
for await (const text of stopAt(stop, { onStop: (sequence) => (stoppedBy = sequence) })(stream.text())) {
  process.stdout.write(text)
}

const reason = (await stream.partial()).choices[0]?.finish_reason
if (stoppedBy !== undefined) console.log(`\n[stopped here, at ${stoppedBy}]`)
else if (reason === 'stop') console.log('\n[stopped by the service]')
else if (reason === 'length') console.log('\n[the limit of tokens was reached]')
