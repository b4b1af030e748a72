// Prints what llama.cpp and Hugging Face's own library make of what Tapestry exports.
// Usage: node agree.mjs ASKED.json ANSWERS.json, where ASKED holds {gguf, tokenizer, tokenizerConfig, sentences, tokens}.
import {readFileSync, writeFileSync} from "node:fs";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";
import {Tokenizer} from "@huggingface/tokenizers";

const asked = JSON.parse(readFileSync(process.argv[2], "utf8"));
const tokenizer = new Tokenizer(asked.tokenizer, asked.tokenizerConfig);
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: asked.gguf});
const context = await model.createContext({contextSize: 256, threads: 1});
const sequence = context.getSequence();
const answers = [];
for (const sentence of asked.sentences) {
    const ids = tokenizer.encode(sentence, {add_special_tokens: false}).ids;
    const last = ids.length - 1;
    const evaluated = await sequence.controlledEvaluate(
        ids.map((id, at) => at < last ? id : [id, {generateNext: {probabilities: true}}]));
    const probabilities = [];
    for (const [id, probability] of evaluated[last].next.probabilities) probabilities[id] = probability;
    await sequence.clearHistory();
    const continued = [];
    for await (const id of sequence.evaluate(ids, {temperature: 0})) {
        continued.push(id);
        if (continued.length >= asked.tokens) break;
    }
    await sequence.clearHistory();
    answers.push({ids, llamaIds: model.tokenize(sentence), probabilities, continued});
}
writeFileSync(process.argv[3], JSON.stringify(answers));
await llama.dispose();
