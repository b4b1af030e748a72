package dev.tapestry.objects;

import dev.tapestry.objects.ObjectsException.Code;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.profiles.Profile;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.profiles.ProfileFileSystemSetting;

/**
 * Keys that somebody wrote down: of the places where the SDK looks, those that need neither another
 * connection (a machine's role) nor another process ({@code credential_process}).
 */
final class OwnKeys {

    private OwnKeys() {}

    /**
     * The keys, read anew for each request.
     *
     * @throws ObjectsException {@code REFUSED} if there are none
     */
    static AwsCredentialsProvider found(S3Bucket bucket) {
        AwsCredentialsProvider keys =
                AwsCredentialsProviderChain.builder()
                        .credentialsProviders(
                                SystemPropertyCredentialsProvider.create(),
                                EnvironmentVariableCredentialsProvider.create(),
                                OwnKeys::ofProfile)
                        .reuseLastProviderEnabled(false)
                        .build();
        try {
            keys.resolveCredentials();
            return keys;
        } catch (SdkException e) {
            throw new ObjectsException(
                    Code.REFUSED,
                    "no keys for %s: put aws_access_key_id and aws_secret_access_key into ~/.aws/credentials, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                            .formatted(bucket),
                    e);
        }
    }

    private static AwsCredentials ofProfile() {
        Optional<Profile> profile =
                ProfileFile.defaultProfileFile()
                        .profile(ProfileFileSystemSetting.AWS_PROFILE.getStringValueOrThrow());
        String id = property(profile, "aws_access_key_id");
        String secret = property(profile, "aws_secret_access_key");
        return profile.flatMap(of -> of.property("aws_session_token"))
                .<AwsCredentials>map(token -> AwsSessionCredentials.create(id, secret, token))
                .orElseGet(() -> AwsBasicCredentials.create(id, secret));
    }

    private static String property(Optional<Profile> profile, String name) {
        return profile.flatMap(of -> of.property(name))
                .orElseThrow(() -> SdkException.builder().message("no " + name).build());
    }
}
