package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.architecture.RopeScaling;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaConfigFileTest {

    @Test
    void what_is_written_reads_back() {
        LlamaConfig config = TestModels.odd(false);

        assertThat(LlamaConfigFile.parse(LlamaConfigFile.write(config, DType.BF16)))
                .isEqualTo(config);
    }

    @ParameterizedTest
    @MethodSource("dev.tapestry.training.TestModels#variants")
    void what_is_written_of_a_relative_reads_back(LlamaConfig config) {
        assertThat(LlamaConfigFile.parse(LlamaConfigFile.write(config, DType.F32)))
                .isEqualTo(config);
    }

    @Test
    void the_file_of_a_plain_llama_has_the_bytes_that_it_always_had() {
        String written =
                new String(
                        LlamaConfigFile.write(TestModels.odd(false), DType.F32),
                        StandardCharsets.UTF_8);
        assertThat(written)
                .isEqualTo(
                        """
                        {
                          "architectures" : [ "LlamaForCausalLM" ],
                          "attention_bias" : false,
                          "attention_dropout" : 0.0,
                          "bos_token_id" : 1,
                          "eos_token_id" : 2,
                          "head_dim" : 8,
                          "hidden_act" : "silu",
                          "hidden_size" : 24,
                          "initializer_range" : 0.3,
                          "intermediate_size" : 40,
                          "max_position_embeddings" : 32,
                          "mlp_bias" : false,
                          "model_type" : "llama",
                          "num_attention_heads" : 6,
                          "num_hidden_layers" : 3,
                          "num_key_value_heads" : 2,
                          "pretraining_tp" : 1,
                          "rms_norm_eps" : 1.0E-6,
                          "rope_scaling" : null,
                          "rope_theta" : 5000.0,
                          "tie_word_embeddings" : false,
                          "torch_dtype" : "float32",
                          "use_cache" : true,
                          "vocab_size" : 97
                        }\
                        """);
    }

    /** The sizes are those of the published files, the sums what their makers count. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "SmolLM2-135M |"
                        + " 'model_type':'llama','vocab_size':49152,'hidden_size':576,'intermediate_size':1536,'num_hidden_layers':30,'num_attention_heads':9,'num_key_value_heads':3,'tie_word_embeddings':true,'rope_interleaved':false,'rope_scaling':null,'attention_bias':false"
                        + " | 134515008",
                "Llama-3.2-1B |"
                        + " 'model_type':'llama','vocab_size':128256,'hidden_size':2048,'intermediate_size':8192,'num_hidden_layers':16,'num_attention_heads':32,'num_key_value_heads':8,'head_dim':64,'tie_word_embeddings':true,'rope_scaling':{'factor':32.0,'high_freq_factor':4.0,'low_freq_factor':1.0,'original_max_position_embeddings':8192,'rope_type':'llama3'}"
                        + " | 1235814400",
                "Mistral-7B-v0.3 |"
                        + " 'model_type':'mistral','vocab_size':32768,'hidden_size':4096,'intermediate_size':14336,'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':8,'sliding_window':null,'tie_word_embeddings':false"
                        + " | 7248023552",
                "Qwen2.5-0.5B |"
                        + " 'model_type':'qwen2','vocab_size':151936,'hidden_size':896,'intermediate_size':4864,'num_hidden_layers':24,'num_attention_heads':14,'num_key_value_heads':2,'sliding_window':32768,'max_window_layers':24,'use_sliding_window':false,'tie_word_embeddings':true"
                        + " | 494032768",
                "Qwen3-0.6B |"
                        + " 'model_type':'qwen3','vocab_size':151936,'hidden_size':1024,'intermediate_size':3072,'num_hidden_layers':28,'num_attention_heads':16,'num_key_value_heads':8,'head_dim':128,'attention_bias':false,'use_sliding_window':false,'tie_word_embeddings':true"
                        + " | 596049920",
                "OLMo-2-0425-1B |"
                        + " 'model_type':'olmo2','vocab_size':100352,'hidden_size':2048,'intermediate_size':8192,'num_hidden_layers':16,'num_attention_heads':16,'num_key_value_heads':16,'attention_bias':false,'tie_word_embeddings':false"
                        + " | 1484916736",
            })
    void published_models_have_as_many_parameters_as_their_makers_say(
            String model, String keys, long parameters) {
        assertThat(LlamaConfigFile.parse(bytes("{" + keys + "}")).parameters())
                .as(model)
                .isEqualTo(parameters);
    }

    @Test
    void mistrals_window_is_what_hugging_face_takes_where_the_file_is_silent() {
        assertThat(parse(",'model_type':'mistral'").variant().slidingWindow()).hasValue(4096);
        assertThat(parse(",'model_type':'mistral','sliding_window':null").variant().slidingWindow())
                .isEmpty();
        assertThat(parse(",'model_type':'mistral','sliding_window':7").variant().window(100))
                .isEqualTo(7);
    }

    @Test
    void older_and_newer_files_scale_rotary_positions_alike() {
        RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
        String values =
                "'factor':8.0,'low_freq_factor':1.0,'high_freq_factor':4.0,"
                        + "'original_max_position_embeddings':8192,'rope_type':'llama3'}";
        assertThat(parse(",'rope_scaling':{" + values).variant().ropeScaling()).isEqualTo(scaling);
        assertThat(parse(",'rope_parameters':{'rope_theta':1e6," + values).variant().ropeScaling())
                .isEqualTo(scaling);
        assertThat(parse(",'rope_scaling':{'type':'linear','factor':2}").variant().ropeScaling())
                .isEqualTo(new RopeScaling.Linear(2));
    }

    @Test
    void missing_keys_mean_what_they_mean_in_hugging_face() {
        LlamaConfig config = parse("");

        assertThat(config.keyValueHeads()).isEqualTo(4);
        assertThat(config.headSize()).isEqualTo(16);
        assertThat(config.ropeTheta()).isEqualTo(10_000);
        assertThat(config.rmsNormEpsilon()).isEqualTo(1e-6);
        assertThat(config.tiedEmbeddings()).isFalse();
        assertThat(config.endToken()).isEmpty();
    }

    @Test
    void rope_parameters_of_newer_exporters_are_understood() {
        assertThat(
                        parse(",'rope_parameters':{'rope_type':'default','rope_theta':500000.0}")
                                .ropeTheta())
                .isEqualTo(500_000);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ",'rope_scaling':{'rope_type':'llama3','factor':8.0} | UNSUPPORTED_MODEL |"
                        + " low_freq_factor",
                ",'rope_scaling':{'type':'dynamic','factor':8.0} | UNSUPPORTED_MODEL | rope_type is"
                        + " dynamic; this engine computes only default, linear, llama3",
                ",'rope_scaling':{'type':'linear','factor':0.5} | UNSUPPORTED_MODEL | factor 0.5 is"
                        + " not at least 1",
                ",'rope_scaling':'yarn' | UNSUPPORTED_MODEL | rope_scaling is",
                ",'rope_parameters':{'full_attention':{'rope_type':'default'}} | UNSUPPORTED_MODEL"
                        + " | one for all layers",
                ",'partial_rotary_factor':0.5 | UNSUPPORTED_MODEL | partial_rotary_factor is 0.5",
                ",'rope_parameters':{'partial_rotary_factor':0.25} | UNSUPPORTED_MODEL |"
                        + " partial_rotary_factor is 0.25",
                ",'use_sliding_window':true | UNSUPPORTED_MODEL | use_sliding_window is true",
                ",'layer_types':['full_attention','sliding_attention'] | UNSUPPORTED_MODEL |"
                        + " sliding_attention",
                ",'clip_qkv':8 | UNSUPPORTED_MODEL | clip_qkv is 8",
                ",'model_type':'mistral','sliding_window':'all' | UNSUPPORTED_MODEL |"
                        + " sliding_window is",
                ",'model_type':'mistral','sliding_window':0 | UNSUPPORTED_MODEL | sliding_window is"
                        + " 0",
                ",'model_type':'qwen3' | MALFORMED_CONFIG | lacks head_dim",
                ",'rope_parameters':{'rope_type':'yarn'} | UNSUPPORTED_MODEL | rope_type is yarn",
                ",'attention_bias':true | UNSUPPORTED_MODEL | attention_bias is true",
                ",'mlp_bias':true | UNSUPPORTED_MODEL | mlp_bias",
                ",'hidden_act':'gelu' | UNSUPPORTED_MODEL | hidden_act is gelu",
                ",'model_type':'gemma' | UNSUPPORTED_MODEL | model_type is gemma; this engine"
                        + " computes only llama, mistral, qwen2, qwen3, olmo2",
                ",'model_type':'qwen3','attention_bias':true | UNSUPPORTED_MODEL | attention_bias"
                        + " is true",
                ",'quantization_config':{} | UNSUPPORTED_MODEL | quantization_config",
                ",'num_key_value_heads':3 | MALFORMED_CONFIG | num_key_value_heads 3 does not"
                        + " divide",
                ",'head_dim':15 | MALFORMED_CONFIG | head_dim 15 is odd",
                ",'vocab_size':-1 | MALFORMED_CONFIG | vocab_size is -1",
                ",'vocab_size':3000000000 | MALFORMED_CONFIG | not a 32-bit integer",
                ",'vocab_size':1048577 | MALFORMED_CONFIG | vocab_size is 1048577; this engine"
                        + " takes 1 to 1048576",
                ",'hidden_size':65540 | MALFORMED_CONFIG | hidden_size is 65540",
                ",'intermediate_size':1000000 | MALFORMED_CONFIG | intermediate_size is 1000000",
                ",'num_hidden_layers':2147483647 | MALFORMED_CONFIG | num_hidden_layers is"
                        + " 2147483647",
                ",'num_attention_heads':65536 | MALFORMED_CONFIG | num_attention_heads is 65536",
                ",'head_dim':2048 | MALFORMED_CONFIG | head_dim is 2048",
                ",'max_position_embeddings':2000000000 | MALFORMED_CONFIG | max_position_embeddings"
                        + " is 2000000000",
                ",'hidden_size':'64' | MALFORMED_CONFIG | hidden_size is",
                ",'rope_theta':0 | MALFORMED_CONFIG | rope_theta 0.0",
                ",'tie_word_embeddings':1 | MALFORMED_CONFIG | not true or false",
                ",'rms_norm_eps':7 | MALFORMED_CONFIG | rms_norm_eps",
            })
    void what_the_engine_does_not_compute_is_refused_by_key(
            String addition, Code code, String message) {
        assertThatThrownBy(() -> parse(addition))
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{", "[]", "''", "{} x", "{'model_type':'llama'}"})
    void what_is_no_configuration_is_malformed(String content) {
        assertThatThrownBy(() -> LlamaConfigFile.parse(bytes(content)))
                .isInstanceOf(TrainingException.class);
    }

    private static LlamaConfig parse(String addition) {
        return LlamaConfigFile.parse(
                bytes(
                        "{'model_type':'llama','vocab_size':32000,'hidden_size':64,'intermediate_size':172,"
                                + "'num_hidden_layers':2,'num_attention_heads':4"
                                + addition
                                + "}"));
    }

    private static byte[] bytes(String content) {
        return content.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }
}
