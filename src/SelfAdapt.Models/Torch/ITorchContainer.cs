namespace SelfAdapt.Models.Torch;

/// <summary>A torch file's container: one pickled object and the storages that it points to.</summary>
internal interface ITorchContainer : IDisposable
{
    /// <summary>The pickled object, as <see cref="PickleReader.Read"/> gives it.</summary>
    object? ReadObject();

    /// <summary>A storage's bytes, little-endian.</summary>
    byte[] ReadStorage(string key);

    SelfAdaptException Malformed(string why);
}
