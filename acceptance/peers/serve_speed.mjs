// How fast llama.cpp continues texts at once, for 'tapestry bench serve --against'.
// Usage: node serve_speed.mjs GGUF THREADS CONCURRENT PROMPT TOKENS, with node-llama-cpp in acceptance/target/npm
// (the export test puts it there).
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";
import path from "node:path";

const [gguf, threads, concurrent, prompt, tokens] =
    process.argv.slice(2).map((word, at) => at === 0 ? word : Number(word));
const home = path.resolve(path.dirname(process.argv[1]), "..", "target", "npm", "package.json");
const {getLlama, LlamaLogLevel} =
    await import(pathToFileURL(createRequire(home).resolve("node-llama-cpp")).href);
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: threads});
const model = await llama.loadModel({modelPath: gguf});
const context = await model.createContext({
    contextSize: prompt + tokens + 8, sequences: concurrent, threads, batchSize: Math.max(512, concurrent * prompt)});
const sequences = Array.from({length: concurrent}, () => context.getSequence());

let state = 1;
const next = most => { state = (state * 1103515245 + 12345) % 2147483648; return state % most; };

async function run() {
    let made = 0;
    await Promise.all(sequences.map(async sequence => {
        await sequence.clearHistory();
        const ids = Array.from({length: prompt}, () => 10 + next(1000));
        let count = 0;
        for await (const id of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
            count++;
            if (count === tokens) break;
        }
        made += count;
    }));
    return made;
}

await run(); // the first run warms up
const processor = process.cpuUsage();
const began = process.hrtime.bigint();
const made = await run();
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
const used = process.cpuUsage(processor);
if (made !== concurrent * tokens) console.error(`only ${made} of ${concurrent * tokens} tokens came`);
console.log(JSON.stringify({tokensPerSecond: made / seconds, processorSeconds: (used.user + used.system) / 1e6}));
process.exit(0);
