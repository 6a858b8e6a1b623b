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
    public static void Write(string path, Action<Stream> write) => Write(path, write, Disk.Instance, flush: false);

    /// <summary>The same, on any file layer, and if asked with the content on the disk before it takes its place.</summary>
    internal static void Write(string path, Action<Stream> write, IFileLayer files, bool flush)
    {
        ArgumentNullException.ThrowIfNull(write);
        string partial = path + ".partial";
        bool created = false;
        try
        {
            using (Stream stream = Create(files, partial))
            {
                created = true;
                write(stream);
                if (flush)
                {
                    files.Flush(stream);
                }
            }

            files.Replace(partial, path);
        }
        catch (Exception e)
        {
            // What could not be finished is of no use to anybody.
            if (created)
            {
                TryDelete(files, partial);
            }

            if (e is IOException or UnauthorizedAccessException)
            {
                throw new SelfAdaptException(
                    ExitCode.OutputNotWritable,
                    $"{path}: can't be written: {e.Message} Is the folder there, writable and not full?",
                    e);
            }

            throw;
        }
    }

    private static void TryDelete(IFileLayer files, string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one to tell.
        }
    }

    /// <summary>Opens a new file; a name that can't be one is an I/O error like any other.</summary>
    private static Stream Create(IFileLayer files, string path)
    {
        try
        {
            return files.Create(path);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new IOException(e.Message, e);
        }
    }
}
