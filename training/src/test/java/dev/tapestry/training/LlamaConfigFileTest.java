package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlamaConfigFileTest {

    @Test
    void what_is_written_reads_back() {
        LlamaConfig config = TestModels.odd(false);

        assertThat(LlamaConfigFile.parse(LlamaConfigFile.write(config, DType.BF16)))
                .isEqualTo(config);
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
                ",'rope_scaling':{'rope_type':'llama3','factor':8.0} | UNSUPPORTED_MODEL | rope_scaling",
                ",'rope_parameters':{'rope_type':'yarn'} | UNSUPPORTED_MODEL | rope_type is yarn",
                ",'attention_bias':true | UNSUPPORTED_MODEL | attention_bias is true",
                ",'mlp_bias':true | UNSUPPORTED_MODEL | mlp_bias",
                ",'hidden_act':'gelu' | UNSUPPORTED_MODEL | hidden_act is gelu",
                ",'model_type':'mistral' | UNSUPPORTED_MODEL | model_type is mistral",
                ",'quantization_config':{} | UNSUPPORTED_MODEL | quantization_config",
                ",'num_key_value_heads':3 | MALFORMED_CONFIG | num_key_value_heads 3 does not divide",
                ",'head_dim':15 | MALFORMED_CONFIG | head_dim 15 is odd",
                ",'vocab_size':-1 | MALFORMED_CONFIG | vocab_size is -1",
                ",'vocab_size':3000000000 | MALFORMED_CONFIG | not a 32-bit integer",
                ",'vocab_size':1048577 | MALFORMED_CONFIG | vocab_size is 1048577; this engine takes 1 to 1048576",
                ",'hidden_size':65540 | MALFORMED_CONFIG | hidden_size is 65540",
                ",'intermediate_size':1000000 | MALFORMED_CONFIG | intermediate_size is 1000000",
                ",'num_hidden_layers':2147483647 | MALFORMED_CONFIG | num_hidden_layers is 2147483647",
                ",'num_attention_heads':65536 | MALFORMED_CONFIG | num_attention_heads is 65536",
                ",'head_dim':2048 | MALFORMED_CONFIG | head_dim is 2048",
                ",'max_position_embeddings':2000000000 | MALFORMED_CONFIG | max_position_embeddings is 2000000000",
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
