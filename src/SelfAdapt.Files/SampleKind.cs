namespace SelfAdapt.Files;

/// <summary>The number type of a picture's or an array's values as stored in its file.</summary>
internal enum SampleKind
{
    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8,

    /// <summary>Signed 8-bit integer.</summary>
    Int8,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16,

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64,

    /// <summary>Signed 64-bit integer.</summary>
    Int64,

    /// <summary>16-bit floating point.</summary>
    Float16,

    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>64-bit floating point.</summary>
    Float64,
}

/// <summary>Facts about number types.</summary>
internal static class SampleKinds
{
    /// <summary>Bytes of one value.</summary>
    public static int Size(this SampleKind kind) => kind switch
    {
        SampleKind.UInt8 or SampleKind.Int8 => 1,
        SampleKind.UInt16 or SampleKind.Int16 or SampleKind.Float16 => 2,
        SampleKind.UInt32 or SampleKind.Int32 or SampleKind.Float32 => 4,
        SampleKind.UInt64 or SampleKind.Int64 or SampleKind.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
