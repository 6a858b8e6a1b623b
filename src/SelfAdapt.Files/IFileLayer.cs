namespace SelfAdapt.Files;

/// <summary>All that writing results needs of the disk: so that tests can let each of it fail.</summary>
internal interface IFileLayer
{
    /// <summary>Opens a file that must not be there yet, and that nobody else may open.</summary>
    Stream Create(string path);

    /// <summary>Opens a file that grows; a link in its place is replaced, never followed.</summary>
    /// <param name="anew">Whether it begins empty, whatever is there.</param>
    Stream Grow(string path, bool anew);

    /// <summary>Brings what was written onto the disk itself.</summary>
    void Flush(Stream stream);

    /// <summary>Moves a file into another's place.</summary>
    void Replace(string from, string to);

    /// <summary>Brings a folder's list of names onto the disk itself, where the system can do that.</summary>
    void FlushFolder(string path);

    /// <summary>Deletes a file if it is there.</summary>
    void Delete(string path);
}
