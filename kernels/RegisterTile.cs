using System.Runtime.CompilerServices;

namespace SelfAdapt.Kernels;

/// <summary>
/// A thread's 8x8 sums of an outer-product matrix multiplication, as named values: ILGPU neither unrolls loops nor
/// keeps arrays in registers. Row i holds two quads of columns, left and right.
/// </summary>
internal struct RegisterTile
{
    public Quad L0;
    public Quad L1;
    public Quad L2;
    public Quad L3;
    public Quad L4;
    public Quad L5;
    public Quad L6;
    public Quad L7;
    public Quad R0;
    public Quad R1;
    public Quad R2;
    public Quad R3;
    public Quad R4;
    public Quad R5;
    public Quad R6;
    public Quad R7;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RegisterTile Zero()
    {
        RegisterTile t;
        t.L0 = t.L1 = t.L2 = t.L3 = t.L4 = t.L5 = t.L6 = t.L7 = Quad.All(0);
        t.R0 = t.R1 = t.R2 = t.R3 = t.R4 = t.R5 = t.R6 = t.R7 = Quad.All(0);
        return t;
    }

    /// <summary>sums + (eight rows) x (eight columns).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RegisterTile AddProducts(RegisterTile t, Quad upper, Quad lower, Quad left, Quad right)
    {
        t.L0 = Quad.AddScaled(t.L0, upper.X, left);
        t.R0 = Quad.AddScaled(t.R0, upper.X, right);
        t.L1 = Quad.AddScaled(t.L1, upper.Y, left);
        t.R1 = Quad.AddScaled(t.R1, upper.Y, right);
        t.L2 = Quad.AddScaled(t.L2, upper.Z, left);
        t.R2 = Quad.AddScaled(t.R2, upper.Z, right);
        t.L3 = Quad.AddScaled(t.L3, upper.W, left);
        t.R3 = Quad.AddScaled(t.R3, upper.W, right);
        t.L4 = Quad.AddScaled(t.L4, lower.X, left);
        t.R4 = Quad.AddScaled(t.R4, lower.X, right);
        t.L5 = Quad.AddScaled(t.L5, lower.Y, left);
        t.R5 = Quad.AddScaled(t.R5, lower.Y, right);
        t.L6 = Quad.AddScaled(t.L6, lower.Z, left);
        t.R6 = Quad.AddScaled(t.R6, lower.Z, right);
        t.L7 = Quad.AddScaled(t.L7, lower.W, left);
        t.R7 = Quad.AddScaled(t.R7, lower.W, right);
        return t;
    }
}
