package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * The least that a round could cost: as many members send as many bytes over as many sockets of the
 * JDK's TLS 1.3, with the same certificates, and when all have sent, all receive as many. Each end
 * hashes once. Bytes come from files in the page cache and go nowhere.
 */
final class Floor implements AutoCloseable {

    /** Connections of each member. */
    static final int STREAMS = 4;

    private static final int BUFFER_BYTES = 256 << 10;

    private final SSLServerSocket server;
    private final CyclicBarrier allSent;
    private final Path download;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private Floor(SSLServerSocket server, int connections, Path download) {
        this.server = server;
        this.allSent = new CyclicBarrier(connections);
        this.download = download;
    }

    /**
     * The receiving end.
     *
     * @param connections all that will come before anybody receives
     * @param download what each member receives, divided among its connections
     */
    static Floor serve(TlsIdentity identity, int connections, Path download) {
        try {
            SSLServerSocket server =
                    (SSLServerSocket)
                            identity.server()
                                    .getServerSocketFactory()
                                    .createServerSocket(
                                            0, connections, InetAddress.getLoopbackAddress());
            server.setSSLParameters(TlsIdentity.serverParameters());
            server.setNeedClientAuth(true);
            Floor floor = new Floor(server, connections, download);
            Future<?> _ = floor.threads.submit(floor::accept);
            return floor;
        } catch (IOException e) {
            throw new BenchException(Code.PROCESS, "cannot listen: " + e, e);
        }
    }

    int port() {
        return server.getLocalPort();
    }

    private Void accept() throws IOException {
        while (!server.isClosed()) {
            Socket socket = server.accept();
            Future<?> _ = threads.submit(() -> exchange(socket));
        }
        return null;
    }

    private Void exchange(Socket accepted)
            throws IOException, InterruptedException, BrokenBarrierException {
        try (Socket socket = accepted) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            long sent = in.readLong();
            Slice slice = Slice.of(download, in.readInt(), in.readInt());
            new DataOutputStream(socket.getOutputStream()).writeLong(slice.bytes());
            receive(in, sent);
            allSent.await();
            send(socket.getOutputStream(), slice);
            return null;
        }
    }

    /** The sending end: sends {@code upload} and receives, over so many connections. */
    static void client(TlsIdentity identity, int port, int streams, Path upload) {
        try (ExecutorService threads = Executors.newFixedThreadPool(streams)) {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                int index = i;
                tasks.add(() -> connection(identity, port, index, streams, upload));
            }
            for (Future<Void> done : threads.invokeAll(tasks)) {
                done.get();
            }
        } catch (ExecutionException e) {
            throw new BenchException(Code.PROCESS, "the floor broke: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException(Code.STOPPED, "interrupted", e);
        }
    }

    private static Void connection(
            TlsIdentity identity, int port, int index, int streams, Path upload)
            throws IOException {
        try (SSLSocket socket =
                (SSLSocket) identity.client().getSocketFactory().createSocket("localhost", port)) {
            socket.setSSLParameters(TlsIdentity.clientParameters());
            Slice slice = Slice.of(upload, index, streams);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeLong(slice.bytes());
            out.writeInt(index);
            out.writeInt(streams);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            long received = in.readLong();
            send(out, slice);
            receive(in, received);
            return null;
        }
    }

    private record Slice(Path file, long offset, long bytes) {
        static Slice of(Path file, int index, int parts) throws IOException {
            try (FileChannel channel = FileChannel.open(file)) {
                long from = channel.size() * index / parts;
                return new Slice(file, from, channel.size() * (index + 1) / parts - from);
            }
        }
    }

    private static void send(OutputStream out, Slice slice) throws IOException {
        MessageDigest sha = Digest.sha256();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (FileChannel file = FileChannel.open(slice.file())) {
            for (long done = 0; done < slice.bytes(); ) {
                buffer.clear().limit((int) Math.min(BUFFER_BYTES, slice.bytes() - done));
                int read = file.read(buffer, slice.offset() + done);
                if (read < 0) {
                    throw new EOFException(slice.file() + " became shorter");
                }
                sha.update(buffer.array(), 0, read);
                out.write(buffer.array(), 0, read);
                done += read;
            }
        }
        out.flush();
        Digest.ofHash(sha.digest());
    }

    private static void receive(InputStream in, long bytes) throws IOException {
        MessageDigest sha = Digest.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        for (long left = bytes; left > 0; ) {
            int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (read < 0) {
                throw new EOFException("the other end stopped");
            }
            sha.update(buffer, 0, read);
            left -= read;
        }
        Digest.ofHash(sha.digest());
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            // It was only listening.
        }
        threads.shutdownNow();
    }
}
