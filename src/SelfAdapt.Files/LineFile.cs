using System.Text;

namespace SelfAdapt.Files;

/// <summary>A file that grows line by line; each line is there as soon as it is written.</summary>
internal sealed class LineFile(Stream stream, string path) : IDisposable
{
    /// <summary>Bytes written, those of an earlier part included.</summary>
    public long Length => stream.Position;

    /// <summary>Begins a file; one that is there is replaced.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written.</exception>
    public static LineFile Create(string path) => Open(path, anew: true, _ => { });

    /// <summary>Goes on with a file, or begins it; a last line that was cut off stays a line of its own.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written.</exception>
    public static LineFile Append(string path) => Open(path, anew: false, EndLastLine);

    /// <summary>Goes on with the first bytes of a file; what is behind them is cut off.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written, or is shorter.</exception>
    public static LineFile Resume(string path, long length) => Open(path, anew: false, stream => CutOff(stream, length));

    /// <summary>Adds a line.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the disk is full, or fails.</exception>
    public void Write(string line) => Write(Encoding.UTF8.GetBytes(line));

    /// <inheritdoc cref="Write(string)"/>
    public void Write(byte[] line)
    {
        try
        {
            stream.Write([.. line, (byte)'\n']);
            stream.Flush();
        }
        catch (IOException e)
        {
            throw OutputFile.NotWritable(path, e);
        }
    }

    public void Dispose() => stream.Dispose();

    private static LineFile Open(string path, bool anew, Action<Stream> prepare)
    {
        try
        {
            Stream stream = Disk.Current.Grow(path, anew);
            try
            {
                prepare(stream);
                return new LineFile(stream, path);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFile.NotWritable(path, e);
        }
    }

    private static void EndLastLine(Stream stream)
    {
        if (stream.Length > 0)
        {
            stream.Position = stream.Length - 1;
            if (stream.ReadByte() != '\n')
            {
                stream.WriteByte((byte)'\n');
            }
        }
    }

    private static void CutOff(Stream stream, long length)
    {
        if (stream.Length < length)
        {
            throw new IOException("it is shorter than the part that the saved state belongs to.");
        }

        stream.SetLength(length);
        stream.Position = length;
    }
}
