using System.IO;

namespace SelfAdapt.Imaging;

/// <summary>The four things that writing a file needs of the disk: so that tests can let each of them fail.</summary>
internal interface IFileLayer
{
    /// <summary>Opens a new file, or empties one that is there.</summary>
    Stream Create(string path);

    /// <summary>Brings what was written onto the disk itself.</summary>
    void Flush(Stream stream);

    /// <summary>Moves a file into another's place.</summary>
    void Replace(string from, string to);

    /// <summary>Deletes a file if it is there.</summary>
    void Delete(string path);
}

/// <summary>The disk.</summary>
internal sealed class Disk : IFileLayer
{
    /// <summary>The only one.</summary>
    public static Disk Instance { get; } = new();

    /// <inheritdoc/>
    public Stream Create(string path) => new FileStream(path, FileMode.Create, FileAccess.Write);

    /// <inheritdoc/>
    public void Flush(Stream stream) => ((FileStream)stream).Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public void Delete(string path) => File.Delete(path);
}
