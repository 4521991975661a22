const OPENING = `# What a relayed token costs

The gateway beside no gateway, nginx (\`proxy_buffering off\`, one worker, kept connections) and a bare
\`node:http\` pipe that reads nothing of what it passes on; all Node processes on the same Node. Written by
\`npm run bench -- --write\`; one scenario alone is \`npm run bench -- paced\`, \`--help\` says the rest.
`

const CLOSING = `## how to read this

- CPU is the target's user and kernel time (\`/proc/PID/stat\`, 10 ms grain, nginx with its worker) over the
  measured span, divided by the tokens read in it. Loopback TCP does the receiver's half of the work in the
  sender's call, so a part of the network's cost is on the other core for every target alike.
- Latency is from the provider's write to the client's read of the same token, on one clock in one process.
  "direct" is what that process costs itself; "added" is the difference of the percentiles to it, and
  "paired" the median of the differences to the direct calls of the same round.
- Every stream is verified: number and hash of its contents as the provider wrote them, finish_reason, \`[DONE]\`,
  nothing after the end. Any difference is printed and makes the run fail.
- Provider and load share core 1 ("generator"). Where they have used it up and the target has not, the row is
  marked \`*\`: its figure is the generator's limit. A due token that finds the previous one unsent is dropped, so
  "offered" falls rather than tokens arriving in bursts.
- A target that falls behind reads several tokens at once, which makes each cheaper: CPU per token at
  saturation is therefore lower than when paced.
- "others" is the CPU that processes outside the benchmark used, on both cores; above 10 % the row is
  marked \`?\`.
- Memory is the growth of the resident set from the warmed-up idle process, divided by the open streams.
`

/** RESULTS.md around the tables. */
export function caveats(pages: readonly string[]): string {
  return [OPENING, pages.join('\n\n'), CLOSING].join('\n')
}
