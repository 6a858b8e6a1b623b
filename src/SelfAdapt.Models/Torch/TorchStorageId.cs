using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>What a persistent id of torch tells: a storage's element type, key and length.</summary>
internal readonly record struct TorchStorageId(OnnxDataType Type, string Key, long Elements)
{
    public static TorchStorageId? From(PicklePersistent persistent)
    {
        // Before version 1.6 there was a sixth part that told of views; it is None in every file since 0.4.
        object?[]? parts = persistent.Id as object?[];
        if (parts is [.., null] and { Length: 6 })
        {
            parts = parts[..5];
        }

        return parts is ["storage", PickleGlobal type, string key, string, long elements and >= 0]
            && TorchNames.Storages.TryGetValue(type.Name, out OnnxDataType elementType)
            ? new TorchStorageId(elementType, key, elements)
            : null;
    }
}
