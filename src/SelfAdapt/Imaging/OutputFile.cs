using System;
using System.IO;

namespace SelfAdapt.Imaging;

/// <summary>Writes whole files so that a reader never sees half of one.</summary>
public static class OutputFile
{
    /// <summary>Writes a file beside its place and moves it there, replacing what was there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: the folder is absent, protected or full.
    /// </exception>
    public static void Write(string path, ReadOnlyMemory<byte> content) =>
        Write(path, stream => stream.Write(content.Span));

    /// <summary>The same for content that is written bit by bit.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: the folder is absent, protected or full.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string partial = path + ".partial";
        try
        {
            using (FileStream stream = Create(partial))
            {
                WriteOrDelete(stream, write);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SelfAdaptException(
                ExitCode.OutputNotWritable,
                $"{path}: can't be written: {e.Message} Is the folder there, writable and not full?",
                e);
        }
    }

    /// <summary>What could not be finished is of no use to anybody.</summary>
    private static void WriteOrDelete(FileStream stream, Action<Stream> write)
    {
        try
        {
            write(stream);
        }
        catch
        {
            stream.Dispose();
            File.Delete(stream.Name);
            throw;
        }
    }

    /// <summary>Opens a new file; a name that can't be one is an I/O error like any other.</summary>
    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new IOException(e.Message, e);
        }
    }
}
