/** Text to token ids and back, exactly as Hugging Face tokenizers does it for Qwen. */
package io.github.nextclass.tokenizer;
