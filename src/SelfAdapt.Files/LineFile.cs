using System.Text;

namespace SelfAdapt.Files;

/// <summary>A file that grows line by line; each line is there as soon as it is written.</summary>
internal sealed class LineFile : IDisposable
{
    private readonly Stream _stream;
    private readonly string _path;

    private LineFile(Stream stream, string path) => (_stream, _path) = (stream, path);

    /// <summary>Begins a file; one that is there is replaced.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written.</exception>
    public static LineFile Create(string path) => Open(path, anew: true);

    /// <summary>Goes on with a file, or begins it; a last line that was cut off stays a line of its own.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written.</exception>
    public static LineFile Append(string path) => Open(path, anew: false);

    /// <summary>Adds a line.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the disk is full, or fails.</exception>
    public void Write(string line)
    {
        try
        {
            _stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
            _stream.Flush();
        }
        catch (IOException e)
        {
            throw OutputFile.NotWritable(_path, e);
        }
    }

    public void Dispose() => _stream.Dispose();

    private static LineFile Open(string path, bool anew)
    {
        try
        {
            Stream stream = Disk.Current.Grow(path, anew);
            try
            {
                if (stream.Length > 0)
                {
                    stream.Position = stream.Length - 1;
                    if (stream.ReadByte() != '\n')
                    {
                        stream.WriteByte((byte)'\n');
                    }
                }

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
}
