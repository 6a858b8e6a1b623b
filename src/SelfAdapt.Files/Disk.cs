using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SelfAdapt.Files;

internal sealed partial class Disk : IFileLayer
{
    private static readonly AsyncLocal<IFileLayer?> InItsPlace = new();

    private Disk()
    {
    }

    public static Disk Real { get; } = new();

    /// <summary>
    /// What results are written to: the disk, but in a test of its faults, and in what that test has begun.
    /// </summary>
    public static IFileLayer Current
    {
        get => InItsPlace.Value ?? Real;
        set => InItsPlace.Value = value;
    }

    public Stream Create(string path) => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);

    public Stream Grow(string path, bool anew)
    {
        if (anew)
        {
            File.Delete(path);
        }
        else
        {
            OutputFile.RemoveLink(path);
        }

        return new FileStream(
            path, anew ? FileMode.CreateNew : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
    }

    public void Flush(Stream stream) => ((FileStream)stream).Flush(flushToDisk: true);

    public void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    public void FlushFolder(string path) => _ = TryFlushFolder(path);

    public void Delete(string path) => File.Delete(path);

    /// <summary>
    /// A file that was moved into its place is there for certain only once the folder, which holds the names, is on the
    /// disk too: after a power cut the name could otherwise lead to what it led to before. Windows writes names through a
    /// log of its own, and .NET opens no folders; so it is asked of the C library, and nothing is lost where there is none:
    /// both files are whole.
    /// </summary>
    internal static bool TryFlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            using SafeFileHandle folder = new(OpenFolder(path.Length == 0 ? "." : path, 0), ownsHandle: true);
            if (folder.IsInvalid)
            {
                return false;
            }

            RandomAccess.FlushToDisk(folder);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or IOException
            or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>open(2), read only.</summary>
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenFolder(string path, int flags);
}
