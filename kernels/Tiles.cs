namespace SelfAdapt.Kernels;

/// <summary>The tile of rows and columns that a group makes: its threads make 8 x 8 sums each.</summary>
public interface ITile
{
    /// <summary>Threads along the columns.</summary>
    int GroupX { get; }

    /// <summary>Threads along the rows.</summary>
    int GroupY { get; }
}

/// <summary>For small images.</summary>
public readonly struct Tile64x64 : ITile
{
    public int GroupX => 8;

    public int GroupY => 8;
}

/// <summary>For few channels.</summary>
public readonly struct Tile128x32 : ITile
{
    public int GroupX => 4;

    public int GroupY => 16;
}

public readonly struct Tile128x64 : ITile
{
    public int GroupX => 8;

    public int GroupY => 16;
}

public readonly struct Tile128x128 : ITile
{
    public int GroupX => 16;

    public int GroupY => 16;
}

/// <summary>What factors are multiplied in; see <see cref="Operands"/>. Sums are FP32 always.</summary>
public interface IPrecision
{
    /// <summary>One of the formats of <see cref="Operands"/>.</summary>
    int Format { get; }
}

public readonly struct Fp32 : IPrecision
{
    public int Format => Operands.Fp32;
}

public readonly struct Tf32 : IPrecision
{
    public int Format => Operands.Tf32;
}

public readonly struct Bf16 : IPrecision
{
    public int Format => Operands.Bf16;
}
