using System.Security.Cryptography;
using System.Text.Json;
using SelfAdapt.Files;

namespace SelfAdapt.Adaptation.Resuming;

/// <summary>
/// A state in a file: eight letters, the length of a JSON header, the header, a body, the SHA-256 of all that. It is written
/// beside its place, flushed and moved there, so that the one before stays whole until the new one is.
/// </summary>
internal static class SealedFile
{
    private const int HashLength = 32;
    private const int LongestHeader = 64 << 20;

    /// <param name="path">The file; one that is there is replaced.</param>
    public static void Write<THeader>(string path, byte[] letters, THeader header, Action<Stream> body)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header, JsonStyle.Line);
        OutputFile.WriteDurably(path, stream =>
        {
            using SHA256 hash = SHA256.Create();
            using (CryptoStream hashed = new(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
            {
                hashed.Write(letters);
                hashed.Write(BitConverter.GetBytes(text.Length));
                hashed.Write(text);
                body(hashed);
            }

            stream.Write(hash.Hash);
        });
    }

    /// <param name="body">Reads the body, all of whose bytes it is told.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it can't be read, is damaged, or of another kind.</exception>
    public static T Read<THeader, T>(string path, byte[] letters, Func<THeader, Stream, long, T> body)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            long content = stream.Length - HashLength;
            THeader header = ReadHeader<THeader>(stream, content, letters, path);
            T result = body(header, stream, content - stream.Position);
            return stream.Position == content ? result : throw Damaged(path, "its size does not fit the model.");
        }
        catch (EndOfStreamException e)
        {
            throw Damaged(path, "its size does not fit the model.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"the checkpoint can't be read: {e.Message}", e);
        }
    }

    public static SelfAdaptException Damaged(string path, string why, Exception? cause = null) => new(
        ErrorKind.UnreadableInput, path,
        $"the checkpoint is damaged: {why} The run can't go on from it; start anew over it.", cause!);

    /// <summary>Refuses the state of another run.</summary>
    public static void RequireSameRun(string path, string fingerprint, string asked)
    {
        if (fingerprint != asked)
        {
            throw new SelfAdaptException(
                ErrorKind.OtherRun, path,
                $"this checkpoint is of a run with another model, other images or other options. Give the "
                + "options of that run (they stand in its run.json), or start anew over it.");
        }
    }

    /// <summary>What decides a run's numbers, in short.</summary>
    /// <param name="parts">Serialised as JSON.</param>
    public static string Fingerprint(params object?[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts, JsonStyle.Line)));

    /// <summary>Reads the header once the checksum has been found right; leaves the stream behind it.</summary>
    private static THeader ReadHeader<THeader>(FileStream stream, long content, byte[] letters, string path)
    {
        if (content < letters.Length + sizeof(int))
        {
            throw Damaged(path, "it is too short.");
        }

        if (!HashOf(stream, content))
        {
            throw Damaged(path, "its checksum is wrong.");
        }

        stream.Position = 0;
        byte[] start = new byte[letters.Length + sizeof(int)];
        stream.ReadExactly(start);
        int length = BitConverter.ToInt32(start, letters.Length);
        if (!start.AsSpan(0, letters.Length).SequenceEqual(letters) || length < 0 || length > LongestHeader
            || length > content - start.Length)
        {
            throw Damaged(path, "it is no checkpoint of this version.");
        }

        byte[] text = new byte[length];
        stream.ReadExactly(text);
        try
        {
            return JsonSerializer.Deserialize<THeader>(text, JsonStyle.Line) ?? throw Damaged(path, "its header is empty.");
        }
        catch (JsonException e)
        {
            throw Damaged(path, $"its header can't be understood: {e.Message}");
        }
    }

    private static bool HashOf(FileStream stream, long content)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        for (long left = content; left > 0;)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
            {
                return false;
            }

            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        byte[] stored = new byte[HashLength];
        stream.ReadExactly(stored);
        return stored.AsSpan().SequenceEqual(hash.GetHashAndReset());
    }
}
